/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "trace/trace-xen_platform_hw_xen_emu.h"
