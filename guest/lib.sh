# shellcheck shell=bash
# SPDX-License-Identifier: ISC
#
# What guest/fetch and guest/initramfs share: where the cache is and which guests there are.

# Outside the work tree, so that no cleaning of it costs a download.
guest_cache() {
    printf '%s/guest\n' "${PADDOCK_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/paddock}"
}

# One line for each guest: name, Debian's meta-package. Debian's ABI names roll with every update, the
# meta-packages stay.
guest_kernels() {
    cat <<'END'
generic-6.1 linux-image-arm64
cloud-6.1 linux-image-cloud-arm64
generic-6.12 linux-image-6.12-arm64
cloud-6.12 linux-image-6.12-cloud-arm64
END
}

# Modules a guest may need, by the names modprobe knows; those built in or absent are left out.
# gpio_keys and evdev make the power button work (the cloud kernels have neither).
# shellcheck disable=SC2034 # used by fetch
guest_modules="virtio_mmio virtio_blk virtio_net virtio_rng virtio_console virtio_balloon
vmw_vsock_virtio_transport ext4 erofs gpio_keys evdev"

say() {
    printf '%s: %s\n' "${0##*/}" "$*"
}

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

sha256_check() { # FILE-OF-SUMS; run in the folder that the names start from
    if command -v sha256sum >/dev/null 2>&1; then
        sha256sum --quiet -c "$1" >/dev/null 2>&1
    else
        shasum -a 256 -c "$1" >/dev/null 2>&1
    fi
}
