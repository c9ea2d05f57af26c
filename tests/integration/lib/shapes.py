#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""JSON beside its published schema.

    shapes.py check VMCTL FOLDER       each file FOLDER/SHAPE.N holds JSON that `vmctl schema SHAPE` allows,
                                       (SHAPE.N.lines: one object a line, of which the schema's array is made);
                                       each field of each schema and each state was seen; the man pages
                                       name all fields
    shapes.py ask SOCKET FOLDER METHOD PARAMS [FILE...]
                                       asks paddockd with the files (or - for a stream) as descriptors and
                                       writes the answer into FOLDER, under its method or as a failure
    shapes.py ask SOCKET FOLDER METHOD PARAMS then METHOD PARAMS
                                       the second while the first is not answered, perhaps
"""
import json
import os
import re
import socket
import subprocess
import sys


def fields(schema):
    """All fields that a schema has: "run.started_at"; of an event's detail "detail(vm.ended).cause"."""
    found = set()
    if "items" in schema:
        return fields(schema["items"])
    for name, value in schema.get("properties", {}).items():
        found.add(name)
        found |= {f"{name}.{inner}" for inner in fields(value)}
    for case in schema.get("allOf", []):
        kind = case["if"]["properties"]["type"]["const"]
        inner = fields(case["then"]["properties"]["detail"])
        found |= {f"detail({kind})"} | {f"detail({kind}).{name}" for name in inner}
    return found


def present(schema, value):
    """Those of them that a value has."""
    found = set()
    if isinstance(value, list) and "items" in schema:
        for item in value:
            found |= present(schema["items"], item)
    if not isinstance(value, dict):
        return found
    for name, inner in schema.get("properties", {}).items():
        if name in value:
            found.add(name)
            found |= {f"{name}.{more}" for more in present(inner, value[name])}
    for case in schema.get("allOf", []):
        kind = case["if"]["properties"]["type"]["const"]
        if kind == value["type"]:
            inner = present(case["then"]["properties"]["detail"], value["detail"])
            found |= {f"detail({kind})"} | {f"detail({kind}).{name}" for name in inner}
    return found


def states(value):
    if isinstance(value, list):
        return set().union(*map(states, value)) if value else set()
    if isinstance(value, dict):
        return {value["state"]} if "state" in value else states(value.get("vms"))
    return set()


def load(path):
    with open(path, encoding="utf-8") as file:
        if path.endswith(".lines"):
            return [json.loads(line) for line in file]
        return json.load(file)


def page_fields(page):
    """The fields that a man page names, by the heading they stand under."""
    found, heading = {}, ""
    with open(page, encoding="utf-8") as file:
        for line in file:
            if match := re.match(r"\.(?:Sh |Ss |It (?=Li|Ic|Er))(.*)", line):
                heading = match[1].strip()
            if match := re.match(r"\.(?:It |Op |Bro )*Va ([a-z_.]+)", line):
                found.setdefault(heading, set()).add(match[1])
    return found


def check_pages(schemas, complain):
    client, protocol = page_fields("man/vmctl.8"), page_fields("man/paddock-protocol.5")
    vm = fields(schemas["list"])
    for name, schema in schemas.items():
        known = {field for field in fields(schema) if "diagnostics." not in field}
        if schema.get("title") != name or name in ("ps", "failure", "vm.inspect"):
            continue  # the configuration's
        if name == "event":
            for case in schema["allOf"]:
                kind = case["if"]["properties"]["type"]["const"]
                inner = fields(case["then"]["properties"]["detail"])
                named = protocol.get(f"Li {kind}", set())
                if inner != named:
                    complain(f"paddock-protocol(5), {kind}: {sorted(named)}, not {sorted(inner)}")
        elif name == "events":
            continue
        elif "." not in name:
            own = known - vm if name == "inspect" else known
            if own != client.get(name, set()):
                complain(f"vmctl(8), SHAPES, {name}: {sorted(own ^ client.get(name, set()))} in one of both alone")
        else:
            named = set().union(*protocol.values()) | vm
            if unnamed := {field for field in known if "." not in field} - named:
                complain(f"paddock-protocol(5), {name}: no {sorted(unnamed)}")
    data = {field[5:] for field in fields(schemas["failure"]) if re.fullmatch(r"data\.[a-z_]+", field)}
    if unnamed := data - set().union(*protocol.values()):
        complain(f"paddock-protocol(5), FAILURES: no {sorted(unnamed)}")


def check(vmctl, folder):
    import jsonschema

    problems = []
    help_all = subprocess.run([vmctl, "help", "--all"], stdout=subprocess.PIPE, check=True, text=True).stdout
    names = re.findall(r"^schema (\S+)$", help_all, re.M)
    schemas, seen, seen_states, count = {}, {}, set(), 0
    for name in names:
        text = subprocess.run([vmctl, "schema", name], stdout=subprocess.PIPE, check=True).stdout
        schemas[name] = json.loads(text)
        jsonschema.Draft202012Validator.check_schema(schemas[name])
    for file in sorted(os.listdir(folder)):
        name = re.sub(r"\.[0-9]+(\.lines)?$", "", file)
        value = load(os.path.join(folder, file))
        validator = jsonschema.Draft202012Validator(schemas[name])
        for error in validator.iter_errors(value):
            place = "/".join(map(str, error.absolute_path))
            problems.append(f"{file}: at \"{place}\": {error.message[:300]}")
        count += 1
        seen.setdefault(name, set()).update(present(schemas[name], value))
        seen_states |= states(value) if name in ("list", "ps", "inspect") else set()
    every = set(schemas["list"]["items"]["properties"]["state"]["enum"])
    if seen_states != every:
        problems.append(f"states that were never seen: {sorted(every - seen_states)}")
    # A request's diagnostics have no place in a file.
    elsewhere = {f"data.diagnostics.{field}" for field in seen.get("validate", ())}
    for name, schema in schemas.items():
        if name not in seen:
            problems.append(f"{name}: never seen")
        elif schema.get("title") == name and (unseen := fields(schema) - seen[name] - elsewhere):
            problems.append(f"{name}: fields that were never seen: {sorted(unseen)}")
    check_pages(schemas, problems.append)
    print("\n".join(problems) or f"{count} documents of {len(names)} shapes")
    return 1 if problems else 0


def ask(path, folder, method, params, *files):
    asked = [(method, params)]
    if files[:1] == ("then",):
        asked, files = asked + [files[1:3]], ()
    ours, theirs = socket.socketpair()
    fds = [theirs.fileno() if file == "-" else os.open(file, os.O_RDONLY) for file in files]
    answers = []
    with socket.socket(socket.AF_UNIX) as to:
        to.connect(path)
        for number, (method, params) in enumerate(asked):
            request = {"jsonrpc": "2.0", "id": number, "method": method, "params": json.loads(params)}
            if fds:
                request["fds"] = len(fds)
            socket.send_fds(to, [json.dumps(request).encode() + b"\n"], fds)
        lines = to.makefile("r", encoding="utf-8")
        while line := lines.readline():
            answers.append(json.loads(line))
            last = answers[0].get("result", {}).get("seq")  # of a subscription: to the present
            if len(answers) >= len(asked) and (last is None or answers[-1].get("params", {}).get("seq") == last):
                break
    ours.close()
    for answer in answers:
        name = asked[answer["id"]][0] if "result" in answer else "failure" if "error" in answer else "event"
        number = len(os.listdir(folder))
        with open(os.path.join(folder, f"{name}.{number}"), "x", encoding="utf-8") as file:
            json.dump(answer.get("result", answer.get("error", answer.get("params"))), file)
    return 0


if __name__ == "__main__":
    sys.exit({"check": check, "ask": ask}[sys.argv[1]](*sys.argv[2:]))
