#include "trace/trace-xen_platform_hw_xen_platform.h"
