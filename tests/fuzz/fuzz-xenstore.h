/*
 * The emulated xenstore without a machine, and what must be true of it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_FUZZ_XENSTORE_H
#define TESTS_FUZZ_XENSTORE_H

#include "hw/i386/kvm/xenstore_impl.h"

/* fuzz_store_new: a store with the guest's area in it */
XenstoreImplState *fuzz_store_new(void);

/* fuzz_store_check: fail if its counts are wrong */
void fuzz_store_check(XenstoreImplState *impl);

/*
 * fuzz_store_check_stream: fail if a migration would lose any of what the
 * guest has
 */
void fuzz_store_check_stream(XenstoreImplState *impl);

/*
 * fuzz_store_free: free it, once all sessions are at their end
 *
 * Fails if one of them left a watch, a transaction or a node behind.
 */
void fuzz_store_free(XenstoreImplState *impl);

#endif
