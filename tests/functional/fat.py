# A disk image that firmware reads: one FAT16 file system, without partitions.
#
# SPDX-License-Identifier: GPL-2.0-or-later

import struct

SECTOR = 512
CLUSTER = 8 * SECTOR
SECTORS = 64 * 2048
FAT_SECTORS = 64
ROOT_ENTRIES = 512
MEDIA = 0xf8
END = 0xffff


def fat_image(files):
    """Return an image with `files` in its root.

    They are contents by names of 8 and 3 characters, for instance "A   TXT".
    """
    boot = struct.pack('<3s8sHBHBHHBHHHIIBBBI11s8s', b'\xeb\xfe\x90',
                       b'MSWIN4.1', SECTOR, CLUSTER // SECTOR, 1, 2,
                       ROOT_ENTRIES, 0, MEDIA, FAT_SECTORS, 63, 255, 0,
                       SECTORS, 0x80, 0, 0x29, 1, b'NO NAME    ', b'FAT16   ')
    clusters = [0xff00 | MEDIA, END]
    root, data = b'', b''
    for name, content in files.items():
        first, count = len(clusters), -(-len(content) // CLUSTER)
        clusters += [*range(first + 1, first + count), END]
        root += struct.pack('<11s15xHI', name.encode(), first, len(content))
        data += content + bytes(-len(content) % CLUSTER)
    fat = struct.pack(f'<{len(clusters)}H', *clusters)
    fat = fat.ljust(FAT_SECTORS * SECTOR, b'\0')
    image = (boot.ljust(SECTOR - 2, b'\0') + b'\x55\xaa' + fat + fat +
             root.ljust(ROOT_ENTRIES * 32, b'\0') + data)
    return image.ljust(SECTORS * SECTOR, b'\0')
