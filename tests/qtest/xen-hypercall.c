/*
 * Hypercalls and what they share with the guest, over qtest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "xen-hypercall.h"

int64_t xen_call_from(QTestState *qts, XenCaller caller, uint64_t number,
                      unsigned int nr_args, const uint64_t *args)
{
    g_autoptr(GString) line = g_string_new(NULL);

    g_string_printf(line, "xen-hypercall %u %u %u 0x%" PRIx64, caller.vcpu,
                    caller.width, caller.cpl, number);
    for (unsigned int i = 0; i < nr_args; i++) {
        g_string_append_printf(line, " 0x%" PRIx64, args[i]);
    }
    return qtest_machine_call(qts, line->str);
}

int64_t xen_call_with(QTestState *qts, uint64_t gpa, uint64_t number,
                      uint64_t command, void *data, size_t size)
{
    int64_t result;

    qtest_memwrite(qts, gpa, data, size);
    result = xen_call(qts, number, command, gpa);
    qtest_memread(qts, gpa, data, size);
    return result;
}

void xen_map_shared_info(QTestState *qts, uint64_t gpa)
{
    /* XENMEM_add_to_physmap of XENMAPSPACE_shared_info */
    struct {
        uint16_t domid;
        uint16_t size;
        uint32_t space;
        uint64_t index;
        uint64_t gfn;
    } map = { .domid = XEN_DOMID_SELF, .gfn = gpa >> 12 };
    /* HVMOP_set_param of HVM_PARAM_CALLBACK_IRQ: latches the width */
    struct {
        uint16_t domid;
        uint32_t index;
        uint64_t value;
    } param = { .domid = XEN_DOMID_SELF };

    g_assert_cmpint(xen_call_with(qts, gpa - 0x1000, XEN_MEMORY_OP, 7, &map,
                                  sizeof(map)), ==, 0);
    g_assert_cmpint(xen_call_with(qts, gpa - 0x1000, XEN_HVM_OP, 0, &param,
                                  sizeof(param)), ==, 0);
}
