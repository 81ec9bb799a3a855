# SPDX-License-Identifier: GPL-2.0-or-later
#
# All devices that the fuzzed QEMU has: few, so that it is quick to build

CONFIG_I440FX=y
CONFIG_XEN_EMU=y
CONFIG_XEN_BUS=y
CONFIG_XEN_PLATFORM=y
CONFIG_AHCI_ICH9=y
CONFIG_E1000_PCI=y
CONFIG_LSI_SCSI_PCI=y
CONFIG_NVME_PCI=y
CONFIG_RTL8139_PCI=y
