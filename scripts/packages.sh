# What guest-kernels and hosts have in common: packages of any suite, for any
# architecture, are taken apart without being installed.
#
# SPDX-License-Identifier: GPL-2.0-or-later

sources=no

# Without these neither a shell script runs nor dpkg, and nothing depends on them
essential="base-files bash bsdutils coreutils dash diffutils dpkg findutils grep
    hostname libc-bin mawk sed tar util-linux"

# from SUITE ARCHITECTURE: where packages come from.
from() {
    test "$suite $arch" = "$1 $2" || updated=no
    suite=$1
    arch=$2
    get_lists || die "cannot look into Debian $suite: $(reason)"
}

# closure PACKAGE...: the names of these and of all that they depend on, but for
# what is essential to any system.
closure() {
    apt-get -c "$apt/apt.conf" -o Dir::State::status=/dev/null \
        -o Debug::NoLocking=true --no-install-recommends --simulate \
        install "$@" >"$apt/closure" 2>&1 || {
        cat "$apt/closure"
        return 1
    }
    sed -n 's/^Inst \([^ ]*\) .*/\1/p' "$apt/closure"
}

# find_kernel FLAVOUR: leave the name of its package in $image.
find_kernel() {
    image=$(apt-cache -c "$apt/apt.conf" depends "linux-image-$1" |
        sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p')
}

unpack() {
    for deb in *.deb; do
        dpkg-deb --extract "$deb" root || return
    done
    rm -- *.deb
}

# As unpack, with all that dpkg in that folder must know to take the packages for
# installed.  Their maintainers' scripts do not run.
unpack_installed() {
    database=root/var/lib/dpkg
    mkdir -p $database/info $database/updates || return
    for deb in *.deb; do
        entry=$database/info/$(dpkg-deb --field "$deb" Package)
        dpkg-deb --vextract "$deb" root >list &&
            sed 's,^\./*,/,; s,\(.\)/$,\1,; s,^/$,/.,' list >"$entry.list" &&
            dpkg-deb --control "$deb" control || return
        for file in shlibs symbols; do
            test ! -e control/$file || mv control/$file "$entry.$file"
        done
        echo "Status: install ok installed"
        dpkg-deb --field "$deb" || return
        echo
        rm -r control list "$deb"
    done >status && mv status $database
}

# take_module NAME: it and what it depends on, in the order to load them.
take_module() {
    pattern=$(echo "$1" | sed 's/[-_]/[-_]/g')
    test -z "$(find . -maxdepth 1 -name "$pattern.ko")" || return 0
    ! grep -q "/$pattern\.ko" root/modules.builtin || return 0
    find root/modules -name "$pattern.ko*" -exec mv -t . {} +
    xz -dfq -- *.ko.xz 2>/dev/null
    set -- $pattern.ko
    test -e "$1" || {
        echo "E: no module $1"
        return 1
    }
    for dependency in $(tr '\0' '\n' <"$1" | sed -n 's/^depends=//p' |
            tr , ' '); do
        take_module "$dependency" || return
    done
    echo "$1" >>modules
}

# take_kernel: out of the folder root, with $modules.
take_kernel() {
    mv root/boot/vmlinuz-* vmlinuz &&
        mv "$(find root -path '*bin/busybox')" busybox &&
        mv "$(find root -name modules.builtin)" root &&
        mv "$(find root -path '*/modules/*/kernel' -prune)" root/modules &&
        for module in $modules; do
            take_module "$module" || return
        done &&
        echo $modules >modules.wanted
}

keep_kernel() {
    unpack && take_kernel && rm -r root
}
