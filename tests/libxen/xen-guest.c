/*
 * What the drivers of this folder share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "xen-guest.h"
#include "hw/xen/interface/memory.h"
#include "hw/xen/interface/hvm/hvm_op.h"

int32_t xen_guest_call(XenGuest *g, uint32_t number, uint32_t command,
                       void *data, size_t size)
{
    int32_t result;

    g->ops->write(g, g->args, data, size);
    result = g->ops->hypercall(g, number, command, g->args, 0);
    g->ops->read(g, g->args, data, size);
    return result;
}

bool xen_guest_map(XenGuest *g, unsigned space, uint64_t index, uint64_t addr)
{
    struct xen_add_to_physmap map = {
        .domid = DOMID_SELF,
        .space = space,
        .idx = index,
        .gpfn = addr >> XEN_GUEST_PAGE_SHIFT,
    };

    return !xen_guest_call(g, __HYPERVISOR_memory_op, XENMEM_add_to_physmap,
                           &map, sizeof(map));
}

uint64_t xen_guest_param(XenGuest *g, uint32_t index)
{
    struct xen_hvm_param param = { .domid = DOMID_SELF, .index = index };

    if (xen_guest_call(g, __HYPERVISOR_hvm_op, HVMOP_get_param, &param,
                       sizeof(param))) {
        return 0;
    }
    return param.value;
}

void xen_guest_zero(XenGuest *g, uint64_t addr, size_t size)
{
    static const char zeroes[XEN_GUEST_PAGE_SIZE];

    while (size) {
        size_t part = size < sizeof(zeroes) ? size : sizeof(zeroes);

        g->ops->write(g, addr, zeroes, part);
        addr += part;
        size -= part;
    }
}

bool xen_guest_wait(XenGuest *g, bool (*done)(void *opaque), void *opaque)
{
    uint32_t begin = g->ops->now_ms(g);

    for (unsigned round = 0; !done(opaque); round++) {
        if (g->ops->now_ms(g) - begin > XEN_GUEST_PATIENCE_MS) {
            return false;
        }
        g->ops->pause(g, round);
    }
    return true;
}

const char *xen_guest_decimal(uint32_t value, char *buf)
{
    char *p = buf + 10;

    *p = '\0';
    do {
        *--p = '0' + value % 10;
        value /= 10;
    } while (value);
    return p;
}

bool xen_guest_number(const char *s, uint64_t *value)
{
    uint64_t result = 0;

    if (!s || !*s) {
        return false;
    }
    for (; *s; s++) {
        uint64_t before = result;

        if (*s < '0' || *s > '9') {
            return false;
        }
        result = result * 10 + (*s - '0');
        if (result < before) {
            return false;
        }
    }
    *value = result;
    return true;
}
