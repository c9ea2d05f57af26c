# SPDX-License-Identifier: ISC
#
# Holds the service's files against the code: launchd's property list key by key, systemd's units where they name
# something that the code names, too.
#
#   service.py launchd PLIST SBIN SHUTDOWN
#   service.py systemd SERVICE SOCKET BIN SBIN SHUTDOWN
#   service.py entitlements FILE
#
# SBIN and BIN are the programs' folders, SHUTDOWN is the default of shutdown_timeout in seconds.
import plistlib
import re
import sys

wrong = []


def same(what, is_, should):
    if is_ != should or isinstance(is_, bool) != isinstance(should, bool):
        wrong.append(f"{what}: {is_!r} and not {should!r}")


def source(path, pattern):
    """The only match of the pattern's group in a source file."""
    with open(path) as file:
        found = re.findall(pattern, file.read())
    if len(found) != 1:
        sys.exit(f"{path}: {len(found)} times {pattern}")
    return found[0]


def table(system, member, folder="supervisor/paths"):
    return source(f"{folder}-{system}.c", rf'\.{member} = "(.*)"')


def longest_stop(shutdown):
    return shutdown + int(source("supervisor/main.c", r"#define END_MARGIN_MS\s+(\d+)u")) // 1000


def plist(path):
    with open(path, "rb") as file:
        text = file.read()
    if b"@" in text:
        wrong.append(f"{path}: something was not filled in")
    return plistlib.loads(text)


def launchd(path, sbin, shutdown):
    job = plist(path)
    label = "org.paddock.paddockd"
    log = table("darwin", "log") + "/paddockd.log"
    files = int(source("supervisor/main.c", r"#define FILES_WANTED\s+(\d+)u"))
    name = source("supervisor/activation-darwin.c", r'launch_activate_socket\("(.*?)"')

    same("file", path.rsplit("/", 1)[1], label + ".plist")
    same("vmctl's command", table("darwin", "start", "ctl/system").endswith(" system/" + label), True)
    expected = {
        "Label": label,
        "ProgramArguments": [sbin + "/paddockd", "--foreground", "--log", log],
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 10,
        "ExitTimeOut": longest_stop(shutdown),
        "AbandonProcessGroup": True,
        "ProcessType": "Interactive",
        "Sockets": {name: {"SockPathName": table("darwin", "socket"), "SockPathMode": 0o666}},
        "SoftResourceLimits": {"NumberOfFiles": files},
        "HardResourceLimits": {"NumberOfFiles": files},
        "Umask": 0o077,
        "WorkingDirectory": "/var/empty",
        "StandardOutPath": "/dev/null",
        "StandardErrorPath": log,
    }
    for key in sorted(job.keys() | expected.keys()):
        same(key, job.get(key), expected.get(key))
    # Made by launchd before the daemon runs, in a folder that is there after a boot.
    same("the socket's folder", table("darwin", "socket").rsplit("/", 1)[0], "/var/run")
    same("vmctl's socket", table("darwin", "socket", "ctl/system"), table("darwin", "socket"))


def unit(path):
    settings, section = {}, None
    with open(path) as file:
        for line in file.read().splitlines():
            if line.startswith("["):
                section = line.strip("[]")
            elif line and line[0] not in "#;":
                key, _, value = line.partition("=")
                same(f"{path}: {key} before", settings.get((section, key)), None)
                settings[(section, key)] = value
    if any("@" in value for value in settings.values()):
        wrong.append(f"{path}: something was not filled in")
    return settings


def systemd(service_path, socket_path, bin_, sbin, shutdown):
    service, socket = unit(service_path), unit(socket_path)
    get = lambda key: service.get(("Service", key))  # noqa: E731

    same("ExecStart", get("ExecStart"), sbin + "/paddockd")
    same("ExecReload", get("ExecReload"), bin_ + "/vmctl reload")
    same("Type", get("Type"), "notify")
    same("KillMode", get("KillMode"), "process")
    same("Restart", get("Restart"), "on-failure")
    same("RestartPreventExitStatus", get("RestartPreventExitStatus"), "1 2")
    same("OOMPolicy", get("OOMPolicy"), "continue")
    same("TimeoutStopSec", int(get("TimeoutStopSec")), longest_stop(shutdown))
    same("LimitNOFILE", get("LimitNOFILE"), source("supervisor/main.c", r"#define FILES_WANTED\s+(\d+)u"))
    same("RuntimeDirectoryPreserve", get("RuntimeDirectoryPreserve"), "yes")
    for key, parent, member in (("RuntimeDirectory", "/run/", "run"), ("StateDirectory", "/var/lib/", "state"),
                                ("LogsDirectory", "/var/log/", "log")):
        same(key, parent + get(key), table("linux", member))
    modes = dict(re.findall(r"\{p->(\w+), (0\d+)\}", open("supervisor/paths.c").read()))
    for key, member in (("StateDirectoryMode", "state"), ("LogsDirectoryMode", "log")):
        same(key, get(key), modes[member])
    same("ListenStream", socket.get(("Socket", "ListenStream")), table("linux", "socket"))
    same("SocketMode", socket.get(("Socket", "SocketMode")), "0666")
    same("DirectoryMode", socket.get(("Socket", "DirectoryMode")), modes["run"])
    same("vmctl's socket", table("linux", "socket", "ctl/system"), table("linux", "socket"))
    name = service_path.rsplit("/", 1)[1].removesuffix(".service")
    same("the socket's unit", socket_path.rsplit("/", 1)[1], name + ".socket")
    same("vmctl's command", table("linux", "start", "ctl/system"), "sudo systemctl start " + name)


what, arguments = sys.argv[1], sys.argv[2:]
if what == "launchd":
    launchd(arguments[0], arguments[1], int(arguments[2]))
elif what == "systemd":
    systemd(*arguments[:4], int(arguments[4]))
else:
    same(arguments[0], plist(arguments[0]), {"com.apple.security.hypervisor": True})
print("\n".join(wrong))
sys.exit(1 if wrong else 0)
