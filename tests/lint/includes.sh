#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Who may include what (DESIGN.md, "Who may include what").
set -u
cd "$(dirname "$0")/../.." || exit 1

# For each room (a folder and all below it): the folders whose headers it may include by "name", and
# which of the hypervisor's public headers by <Hypervisor/name>. The most specific room counts.
rooms() {
    cat <<'END'
hypervisor/include     hypervisor/include                          api,soft
hypervisor/soft        hypervisor/soft,hypervisor/include          api,soft
common                 common                                      none
vmm-worker             vmm-worker,common                           api
vmm-net                vmm-net,common                              none
config                 config,common                               none
supervisor             supervisor,config,common                    none
ctl                    ctl,config,common                           none
scripts/macsdk-headers scripts/macsdk-headers                      none
tests/tools            tests/tools,common                          none
tests/hv-conformance   tests/hv-conformance                        api
tests/diff             tests/diff                                  api,soft
tests/sweep            tests/sweep,hypervisor/soft                 api,soft
tests/fuzz             tests/fuzz,hypervisor/soft,vmm-worker,common,config,supervisor,vmm-net,ctl   api,soft
tests/bench            tests/bench                                 soft
tests/guest            tests/guest                                 none
guest/mini             guest/mini                                  none
tests/unit/hypervisor  tests/unit/hypervisor,hypervisor/soft,tests/hv-conformance   api,soft
tests/unit/common      tests/unit/common,common                    none
tests/unit/vmm-worker  tests/unit/vmm-worker,vmm-worker,common     api
tests/unit/vmm-net     tests/unit/vmm-net,vmm-net,common           none
tests/unit/config      tests/unit/config,config,common             none
tests/unit/supervisor  tests/unit/supervisor,supervisor,config,common   none
tests/unit/ctl         tests/unit/ctl,ctl,config,common            none
END
}

# Prints FILE:LINE:KIND:NAME for every #include; KIND is q for "name" and s for <name>.
includes() {
    tests/lint/c-files | xargs grep -nE '^[[:space:]]*#[[:space:]]*include' /dev/null |
        sed -nE 's/^([^:]+):([0-9]+):[^"<]*"([^"]+)".*/\1:\2:q:\3/p; s/^([^:]+):([0-9]+):[^"<]*<([^>]+)>.*/\1:\2:s:\3/p'
}

status=0
complain() {
    echo "$1:$2: $3"
    status=1
}

normal() { # a/b/../c -> a/c
    local path=$1
    while [[ $path =~ ^(.*/)?[^/.][^/]*/\.\./(.*)$ ]]; do
        path=${BASH_REMATCH[1]}${BASH_REMATCH[2]}
    done
    printf '%s' "$path"
}

while IFS=: read -r file line kind name; do
    room='' may='' api=''
    while read -r candidate its_may its_api; do
        if [[ $file == "$candidate"/* && ${#candidate} -gt ${#room} ]]; then
            room=$candidate may=$its_may api=$its_api
        fi
    done < <(rooms)
    if [ -z "$room" ]; then
        complain "$file" "$line" "this folder is no room of tests/lint/includes.sh"
        continue
    fi
    if [ "$kind" = s ]; then
        case $name in
        Hypervisor/hv-soft.h) [[ ,$api, == *,soft,* ]] || complain "$file" "$line" "$room may not include <$name>" ;;
        Hypervisor/*) [[ ,$api, == *,api,* ]] || complain "$file" "$line" "$room may not include <$name>" ;;
        esac
        continue
    fi
    # As the compiler looks: beside the file, then in the folders on its path.
    found=
    for folder in "${file%/*}" ${may//,/ }; do
        if [ -f "$folder/$name" ]; then
            found=$(normal "$folder/$name")
            break
        fi
    done
    if [ -z "$found" ]; then
        complain "$file" "$line" "\"$name\" is in no folder that $room may include from ($may)"
        continue
    fi
    allowed=
    for folder in ${may//,/ }; do
        [[ $found != "$folder"/* ]] || allowed=1
    done
    [ -n "$allowed" ] || complain "$file" "$line" "$room may not include $found"
done < <(includes)
exit $status
