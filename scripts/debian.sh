# What we take from Debian: packages, QEMU's source, meson, guests' kernels.
#
# Downloads come from the system's own mirrors, through an apt with its own
# state, and count only with the signature of Debian's archive.
#
# SPDX-License-Identifier: GPL-2.0-or-later

series=10.0
suite=trixie
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
firmware=/usr/share/qemu:/usr/share/seabios:/usr/lib/ipxe/qemu
packages="bison debian-archive-keyring dpkg-dev flex gcc ipxe-qemu libaio-dev
    libfdt-dev libglib2.0-dev libpixman-1-dev libseccomp-dev libslirp-dev libxen-dev
    make ninja-build patch pkgconf python3 python3-venv
    qemu-system-data seabios xenstore-utils xz-utils zlib1g-dev"
fuzz_packages="clang libclang-rt-dev llvm"
apt=$cache/apt
arch=$(dpkg --print-architecture)
sources=yes      # whether to look for source packages,
updates=no       # and for packages in updates of the suite
updated=no

need_packages() {
    missing=
    for package in $packages; do
        case $(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>&1) in
        ?i*) ;;
        *) missing="$missing $package" ;;
        esac
    done
    test -n "$missing" || return 0
    install="apt-get install -y --no-install-recommends$missing"
    test "$(id -u)" = 0 ||
        die "packages are missing, install them with: sudo $install"
    test $offline = no ||
        die "packages are missing, install them with: $install"
    say "installing$missing"
    export DEBIAN_FRONTEND=noninteractive
    try $install || {
        must "apt-get update failed" apt-get update
        must "packages are missing and this failed: $install" $install
    }
}

# Lines URI|ORIGIN|LABEL.  apt knows the last two from its lists; an ordinary
# user on a machine without lists gets some of his own.
system_mirrors() {
    set -- indextargets --format '$(REPO_URI)|$(ORIGIN)|$(LABEL)' \
        'Created-By: Packages'
    mirrors=$(apt-get "$@")
    test -n "$mirrors" || {
        lists=Dir::State::Lists=$apt/system
        mkdir -p "$apt/system/partial"
        apt-get -c "$apt/base.conf" -o "$lists" update >&2 || return
        mirrors=$(apt-get -o "$lists" "$@")
    }
    echo "$mirrors"
}

# mirror LABEL: the first one of Debian's with this label.
mirror() {
    echo "$mirrors" | sed -n "/^cdrom/d; s/|Debian|$1\$//p" | head -n 1
}

# Configuration of the system is in force too (proxies), hooks are not.
write_apt_conf() {
    cat >"$apt/base.conf" <<END
Dir::Cache "$apt/cache";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
Acquire::Languages "none";
Acquire::GzipIndexes "true";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
END
    cat >"$apt/apt.conf" - "$apt/base.conf" <<END
APT::Architecture "$arch";
#clear APT::Architectures;
APT::Architectures "$arch";
Dir::State::Lists "$apt/lists";
Dir::Etc::SourceList "$apt/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
END
}

write_sources() {
    for source in "$1 $suite" "$1 $suite-updates" ${2:+"$2 $suite-security"}; do
        test $updates = no && test "$source" != "$1 $suite" ||
            echo "deb [signed-by=$keyring arch=$arch target=Packages]" \
                "$source main"
        test $sources = no ||
            echo "deb-src [signed-by=$keyring target=Sources] $source main"
    done
}

update_apt() {
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" &&
        write_apt_conf && mirrors=$(system_mirrors) || return
    archive=$(mirror Debian)
    test -n "$archive" || {
        echo "E: apt knows no mirror of Debian's archive"
        return 1
    }
    write_sources "$archive" "$(mirror Debian-Security)" >"$apt/sources.list"
    apt-get -c "$apt/apt.conf" update
}

# apt hangs on a full disk, so there must be room first.
get_lists() {
    test $updated = no || return 0
    need_space "$cache" 200
    try update_apt && updated=yes
}

is_intact() {
    (cd "$cache/$1" && sha256sum --check SHA256SUMS) >/dev/null 2>&1
}

# What to make of a download: guest-kernels unpacks it.
keep_all() {
    :
}
keep=keep_all

download_here() {
    cd "$staging" && apt-get -c "$apt/apt.conf" "$@" && $keep &&
        sha256sum -- * >SHA256SUMS
}

# download NAME ARGUMENT...: what apt-get downloads, as folder NAME of the cache.
download() {
    fetched=$cache/$1
    ! is_intact "$1" || return 0
    say "downloading $1"
    stage "$cache"
    shift
    try download_here "$@" && rm -rf "$fetched" && mv "$staging" "$fetched"
}

# Why apt failed, in its own words.
reason() {
    echo "$output" | grep -m 1 -e '^E:' -e '^W: Failed to fetch'
}

# Leave the newest QEMU of our series that can be had in folder $fetched.
fetch_qemu() {
    why="--offline forbids to download it"
    if test $offline = no; then
        if get_lists; then
            for version in $(apt-cache -c "$apt/apt.conf" showsrc qemu |
                    sed -n "s/^Version: \(.*:$series\..*\)/\1/p" | sort -ruV); do
                download "qemu_${version#*:}" \
                    source --download-only "qemu=$version" && return
            done
        fi
        why=$(reason || echo "Debian $suite has none")
    fi
    for name in $(find "$cache" -maxdepth 1 -name "qemu_$series.*" \
            -printf '%f\n' | sort -rV); do
        fetched=$cache/$name
        if is_intact "$name"; then
            test $offline = yes || say "$why; taking $name from the cache"
            return
        fi
        why="$fetched is damaged; $why"
    done
    die "no QEMU $series.x in $cache: $why"
}

# private_meson DIR: leave in $meson the Python path of a meson that QEMU takes,
# unpacked as DIR; nothing if the system's own will do.
private_meson() {
    meson=
    has=$(/usr/bin/python3 2>&1 -c '
import importlib.metadata
print(importlib.metadata.version("meson"))') &&
        dpkg --compare-versions "$has" ge 1.5 && return
    meson=$1/usr/lib/python3/dist-packages
    test ! -e "$meson" || return 0
    if ! is_intact meson; then
        test $offline = no ||
            die "no meson in $cache: --offline forbids to download it"
        get_lists && download meson download meson ||
            die "meson could not be downloaded: $(reason)"
    fi
    stage "$(dirname "$1")"
    must "cannot unpack meson" \
        dpkg-deb --extract "$cache"/meson/meson_*.deb "$staging/meson"
    rm -rf "$1" && mv "$staging/meson" "$1" || die "cannot write to $1"
}
