#!/usr/bin/env python3
"""Checks the vectors with an implementation that shares nothing with ours: check.py [FOLDER]

check.py seal SCENE writes to standard output the envelopes that the scene asks for, to be opened by another client.
"""

import base64
import hashlib
import itertools
import json
import pathlib
import random
import sys

import messenger as m
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import x25519

unhex = bytes.fromhex
counts = {}


def same(name, found, expected):
    counts[name] = counts.get(name, 0) + 1
    if isinstance(found, bytes):
        found = found.hex()
    if found != expected:
        raise SystemExit(f"{name}: {str(found)[:200]} is not {str(expected)[:200]}")


def identifiers(file):
    server = m.server_id(file["log_key"])
    same("server", server, file["server"])
    for account in file["accounts"]:
        key = m.public_key(unhex(account["seed"]))
        same("account", m.account_id(server, key), account["account"])
        for device in account["devices"]:
            key = m.public_key(unhex(device["seed"]))
            same("device", m.device_id(unhex(account["account"]), key), device["device"])
    for case in file["direct"]:
        same("conversation", m.direct(unhex(case["one"]), unhex(case["other"])), case["conversation"])
    for case in file["safety_numbers"]:
        digest, digits = m.safety_number(server, unhex(case["one"]), unhex(case["other"]))
        same("safety number", digest, case["bytes"])
        same("safety number", " ".join(digits), case["digits"])


def objects(file):
    server = unhex(file["server"])
    for case in file["objects"]:
        fields = {name: unhex(value) if isinstance(value, str) else value for name, value in case["fields"].items()}
        if "certificates" in fields:
            fields["certificates"] = [unhex(hash) for hash in fields["certificates"]]
        if case["kind"] == "group":
            change = m.Change(unhex(case["object"]))
            same("group change", change.hash, case["hash"])
            same("group", m.group_id(change.data), case["id"])
        elif case["kind"] == "group-name":
            same("group name", m.group_name(**fields), case["object"])
        else:
            make = {"key": m.key_record, "device": m.certificate, "state": m.account_state}[case["kind"]]
            name = {"key": m.key_id, "device": m.certificate_hash, "state": m.state_hash}[case["kind"]]
            same(case["kind"], make(**fields), case["object"])
            same(case["kind"], name(unhex(case["object"])), case["hash"])
        signature = m.sign(unhex(case["signer_seed"]), case["kind"], server, unhex(case["object"]))
        same("signature", signature, case["signature"])
    for case in file["messages"]:
        fields = {name: unhex(value) if isinstance(value, str) else value for name, value in case["fields"].items()}
        message = m.message_bytes(**fields)
        same("message", message, case["message"])
        same("message", m.message_hash(message), case["hash"])
    for case in file["body_keys"]:
        same("body keys", b"".join(m.body_keys(unhex(case["secret"]))), case["derived"])
    for case in file["content"]:
        same("content", m.is_strict(unhex(case["content"])), case["strict"])


def library_private_key(kem, seed):
    """The same key as the library knows it, for its own HPKE beside ours."""
    if kem == m.X25519:
        return hpke.KEM.X25519, x25519.X25519PrivateKey.from_private_bytes(seed)
    kem_key, dh_key = m.xwing_expand(seed)
    return hpke.KEM.MLKEM768_X25519, hpke.MLKEM768X25519PrivateKey(kem_key, dh_key)


def with_library(scene, account, device, envelope):
    commitment, slots, _, _ = m.parse_envelope(envelope)
    slot = next(slot for slot in slots if slot[0] == unhex(device["device"]))
    kem, key = library_private_key(slot[2], unhex(device["key_seed"]))
    info = m.slot_info(unhex(scene["server"]), unhex(account["account"]), slot[0], slot[1], commitment)
    suite = hpke.Suite(kem, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
    same("the library's HPKE", suite.decrypt(slot[3], key, info), m.hpke_open(slot[2], unhex(device["key_seed"]), info, slot[3]).hex())


def label_first_fails(device, slot, info):
    """A combiner with the label in front is another KEM: its secret opens nothing."""
    combine = m.xwing_combine
    m.xwing_combine = lambda *parts: hashlib.sha3_256(unhex("5c2e2f2f5e5c") + b"".join(parts)).digest()
    try:
        m.hpke_open(slot[2], unhex(device["key_seed"]), info, slot[3])
        raise SystemExit("a combiner with the label first opened a slot")
    except InvalidTag:
        counts["label first"] = counts.get("label first", 0) + 1
    finally:
        m.xwing_combine = combine


def envelopes(scene):
    accounts = scene["accounts"]
    senders = {
        unhex(account["account"]): (
            account["seq"],
            {unhex(device["device"]): (unhex(device["public_key"]), device["standing"]) for device in account["devices"]})
        for account in accounts.values()
    }
    for case in scene["cases"]:
        account = accounts[case["to"]]
        device = next(device for device in account["devices"] if device["device"] == case["device"])
        envelope = base64.b64decode(case["envelope"], validate=True)
        keys = {} if case.get("without_key") else {unhex(device["key_id"]): unhex(device["key_seed"])}
        own = {int(seq): {unhex(device) for device in devices} for seq, devices in account["states"].items()}
        try:
            message, to_seq, findings = m.open_envelope(
                unhex(scene["server"]), unhex(account["account"]), unhex(device["device"]), case.get("kem", device["kem"]), keys,
                unhex(accounts[case["claimed_sender"]]["account"]), senders, own, envelope)
            found = {"hash": m.message_hash(message).hex(), "to_seq": to_seq, "findings": findings}
            with_library(scene, account, device, envelope)
            if device["kem"] == m.XWING:
                commitment, slots, _, _ = m.parse_envelope(envelope)
                slot = next(slot for slot in slots if slot[0] == unhex(device["device"]))
                info = m.slot_info(unhex(scene["server"]), unhex(account["account"]), slot[0], slot[1], commitment)
                label_first_fails(device, slot, info)
        except m.Refused as refused:
            found = {"code": str(refused)}
        same("envelope: " + case["name"], found, case["expect"])


def log(file):
    for case in file["roots"]:
        entries = [number.to_bytes(32, "big") for number in range(case["size"])]
        same("root", m.root(entries), case["root"])
    entries = [number.to_bytes(32, "big") for number in range(257)]
    for case in file["inclusion"]:
        same("inclusion", [hash.hex() for hash in m.inclusion(case["index"], entries[: case["size"]])], case["proof"])
    for case in file["consistency"]:
        same("consistency", [hash.hex() for hash in m.consistency(case["from"], entries[: case["to"]])], case["proof"])
    for case in file["tiles"]:
        hashes = [m.leaf(entry) for entry in entries]
        if case["path"].startswith("tile/1/"):
            hashes = [m.root(entries[:256])]
        if case["path"] == "tile/0/001.p/1":
            hashes = hashes[256:]
        if case["path"] == "tile/0/000":
            hashes = hashes[:256]
        same("tile", hashlib.sha256(b"".join(hashes)).digest(), case["sha256"])
    served = []
    for case in file["records"]:
        record = m.log_record(**{name: unhex(value) if isinstance(value, str) else value for name, value in case["fields"].items()})
        same("record", record, case["record"])
        served.append(m.log_entry(unhex(case["salt"]), record))
        same("entry", served[-1], case["entry"])
    same("tombstone", m.erased_hash(file["tombstone_covers"]), file["records"][-1]["fields"]["hash"])
    same("record root", m.root(served), file["record_root"])
    for case in file["notes"]:
        same("note", m.verify_note(case["note"], case["key"]), case["time"])


def recovery(file):
    for case in file["cases"]:
        secret = unhex(case["secret"])
        same("recovery", m.recovery_text(secret), case["text"])
        same("recovery", m.public_key(m.account_seed(secret)), case["account_public_key"])
        same("recovery", m.backup_key(secret), case["backup_key"])


def chunked(file):
    for case in file["cases"]:
        plain = bytes(number % 251 for number in range(case["size"]))
        encrypted = m.chunked_encrypt(unhex(file["key"]), unhex(file["salt"]), unhex(case["context"]), plain)
        same("stream", len(encrypted), case["encrypted_size"])
        same("stream", hashlib.sha256(encrypted).digest(), case["sha256"])


def groups(file):
    for case in file["cases"]:
        changes = [m.Change(unhex(change)) for change in case["changes"]]
        orders = itertools.islice(itertools.permutations(changes[1:]), 24)
        for order in orders:
            order = list(order)
            random.Random(len(order)).shuffle(order)
            head, members, state = m.resolve(changes[0], order)
            same("group", state, case["state"])
            same("group", [account.hex() for account in members], case["members"])
            same("group", head, case["head"])


def linking(file):
    server = unhex(file["server"])
    for case in file["cases"]:
        kem, link_seed, secret = case["kem"], unhex(case["link_seed"]), unhex(case["secret"])
        bundle = m.link_bundle(
            case["flags"], kem, m.public_key(unhex(case["device_seed"])), m.kem_public(kem, link_seed), case["name"])
        same("link bundle", bundle, case["bundle"])
        bundle_hash = m.sha256(m.L("link-bundle"), bundle)
        same("link bundle", bundle_hash, case["bundle_hash"])
        code = m.link_code(server, bundle_hash, secret, case["expires"])
        same("link code", code, case["code"])
        same("link code", "messenger-link:" + base64.urlsafe_b64encode(code).decode().rstrip("="), case["code_text"])
        for kind, name in enumerate(["bundle_id", "answer_id", "history_id"], 1):
            same("link note", m.link_note(kind, secret), case[name])
        notes = {"answer": ("link", "link-answer"), "history": ("link-history", "link-history-note")}
        opened = {
            name: m.link_open(kem, link_seed, server, bundle_hash, secret, unhex(case[name]), *labels)
            for name, labels in notes.items()}
        same("link answer", opened["answer"], case["account"] + case["first_seq"].to_bytes(4, "big").hex())
        blobs = case["history_blobs"]
        history = case["history_key"] + case["history_size"].to_bytes(8, "big").hex() + len(blobs).to_bytes(2, "big").hex()
        same("link history", opened["history"], history + "".join(blobs))
        same("link history", m.L("link-history-stream") + server + unhex(case["account"]) + bundle_hash, case["stream_context"])
        try:
            m.link_open(kem, link_seed, server, bundle_hash, secret, unhex(case["answer"]), *notes["history"])
            raise SystemExit("an answer was taken for a history")
        except InvalidTag:
            counts["link purpose"] = counts.get("link purpose", 0) + 1


def checks(file):
    states = {unhex(state["account"]): state["entries"] for state in file["states"]}
    device = m.Checks(
        {unhex(account) for account in file["members"]}, unhex(file["conversation"]),
        [unhex(entry) for entry in file["entries"]], states)
    for case in file["cases"]:
        same("check: " + case["name"], device.findings(unhex(case["message"])), case["findings"])


def seal(scene):
    for case in scene["seal"]:
        keys = [
            (unhex(key["device"]), unhex(key["key_id"]), key["kem"], unhex(key["public_key"])) for key in case["keys"]
        ]
        envelope = m.seal(
            unhex(scene["server"]), unhex(case["signer_seed"]), unhex(case["account"]), case["seq"], keys, unhex(case["message"]))
        print(base64.b64encode(envelope).decode())


def main():
    if sys.argv[1:2] == ["seal"]:
        return seal(json.loads(pathlib.Path(sys.argv[2]).read_text()))
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent
    for check in [identifiers, objects, envelopes, checks, log, recovery, chunked, groups, linking]:
        check(json.loads((folder / f"{check.__name__}.json").read_text()))
    print(f"{sum(counts.values())} values agree: " + ", ".join(sorted({name.split(':')[0] for name in counts})))


if __name__ == "__main__":
    main()
