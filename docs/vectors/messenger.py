"""The protocol of docs/protocol.md once more, written from its text with PyPI's cryptography (47 or newer).

Made to be compared with, not to be used: it is short rather than safe in the time that it takes.
"""

import base64
import hashlib
import hmac
import json
import os
import struct

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import ed25519, mlkem, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

XWING, X25519 = 0x647A, 0x0020
ENC = {XWING: 1120, X25519: 32}
PUBLIC = {XWING: 1216, X25519: 32}
ZERO = bytes(32)
P = 2**255 - 19


class Refused(Exception):
    """Carries the code, E01 to E12."""


def L(name):
    return b"messenger/v1/" + name.encode() + b"\0"


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def hkdf_extract(salt, ikm, hash="sha256"):
    return hmac.new(salt or bytes(hashlib.new(hash).digest_size), ikm, hash).digest()


def hkdf_expand(prk, info, length, hash="sha256"):
    out = block = b""
    counter = 1
    while len(out) < length:
        block = hmac.new(prk, block + info + bytes([counter]), hash).digest()
        out += block
        counter += 1
    return out[:length]


def hkdf(secret, info, length):
    return hkdf_expand(hkdf_extract(b"", secret), info, length)


# -- identifiers


def server_id(log_key):
    return sha256(L("log"), log_key.encode())


def account_id(server, key):
    return sha256(L("account"), server, key)


def device_id(account, key):
    return sha256(L("device-id"), account, key)[:16]


def key_id(record):
    return sha256(L("key-id"), record)[:16]


def certificate_hash(certificate):
    return sha256(L("certificate"), certificate)


def state_hash(state):
    return sha256(L("state-hash"), state)


def direct(one, other):
    return sha256(L("direct"), min(one, other), max(one, other))


def group_id(first):
    return sha256(L("group-id"), first)


def message_hash(message):
    return sha256(L("message"), message[:2], b"\0\0", message[4:])


def envelope_hash(envelope):
    return sha256(L("envelope-hash"), envelope)


def safety_number(server, one, other):
    digest = hashlib.sha512(L("safety-number") + server + min(one, other) + max(one, other)).digest()
    groups = [int.from_bytes(digest[5 * i : 5 * i + 5], "big") % 100000 for i in range(12)]
    return digest, ["%05d" % group for group in groups]


# -- Ed25519


def acceptable(point):
    """Canonical, and none of the eight points of small order."""
    y = int.from_bytes(point, "little") & (2**255 - 1)
    order8 = [
        int.from_bytes(bytes.fromhex(text), "little")
        for text in (
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        )
    ]
    return len(point) == 32 and y < P and y not in [0, 1, P - 1] + order8


def sign(seed, label, server, data):
    return ed25519.Ed25519PrivateKey.from_private_bytes(seed).sign(L(label) + server + data)


def public_key(seed):
    return ed25519.Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def is_signed(key, signature, data):
    if len(signature) != 64 or not acceptable(key) or not acceptable(signature[:32]):
        return False
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(key).verify(signature, data)
        return True
    except (InvalidSignature, ValueError):
        return False


# -- HPKE, base mode, single shot


def xwing_expand(seed):
    expanded = hashlib.shake_256(seed).digest(96)
    return mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:64]), x25519.X25519PrivateKey.from_private_bytes(expanded[64:])


def xwing_public(seed):
    kem, dh = xwing_expand(seed)
    return kem.public_key().public_bytes_raw() + dh.public_key().public_bytes_raw()


def xwing_combine(ss_m, ss_x, ct_x, pk_x):
    return hashlib.sha3_256(ss_m + ss_x + ct_x + pk_x + bytes.fromhex("5c2e2f2f5e5c")).digest()


def xwing_decapsulate(seed, ct):
    kem, dh = xwing_expand(seed)
    ss_x = dh.exchange(x25519.X25519PublicKey.from_public_bytes(ct[1088:]))
    return xwing_combine(kem.decapsulate(ct[:1088]), ss_x, ct[1088:], dh.public_key().public_bytes_raw())


def xwing_encapsulate(pk):
    ss_m, ct_m = mlkem.MLKEM768PublicKey.from_public_bytes(pk[:1184]).encapsulate()
    ephemeral = x25519.X25519PrivateKey.generate()
    ct_x = ephemeral.public_key().public_bytes_raw()
    ss_x = ephemeral.exchange(x25519.X25519PublicKey.from_public_bytes(pk[1184:]))
    return xwing_combine(ss_m, ss_x, ct_x, pk[1184:]), ct_m + ct_x


def labeled_extract(suite, salt, label, ikm):
    return hkdf_extract(salt, b"HPKE-v1" + suite + label + ikm)


def labeled_expand(suite, prk, label, info, length):
    return hkdf_expand(prk, struct.pack(">H", length) + b"HPKE-v1" + suite + label + info, length)


def dhkem_secret(shared, enc, pk):
    suite = b"KEM" + struct.pack(">H", X25519)
    return labeled_expand(suite, labeled_extract(suite, b"", b"eae_prk", shared), b"shared_secret", enc + pk, 32)


def encapsulate(kem, pk):
    if kem == XWING:
        return xwing_encapsulate(pk)
    ephemeral = x25519.X25519PrivateKey.generate()
    enc = ephemeral.public_key().public_bytes_raw()
    return dhkem_secret(ephemeral.exchange(x25519.X25519PublicKey.from_public_bytes(pk)), enc, pk), enc


def decapsulate(kem, seed, enc):
    if kem == XWING:
        return xwing_decapsulate(seed, enc)
    key = x25519.X25519PrivateKey.from_private_bytes(seed)
    shared = key.exchange(x25519.X25519PublicKey.from_public_bytes(enc))
    return dhkem_secret(shared, enc, key.public_key().public_bytes_raw())


def hpke_keys(kem, shared, info):
    suite = b"HPKE" + struct.pack(">HHH", kem, 1, 2)
    context = b"\0" + labeled_extract(suite, b"", b"psk_id_hash", b"") + labeled_extract(suite, b"", b"info_hash", info)
    secret = labeled_extract(suite, shared, b"secret", b"")
    return labeled_expand(suite, secret, b"key", context, 32), labeled_expand(suite, secret, b"base_nonce", context, 12)


def hpke_seal(kem, pk, info, plaintext):
    shared, enc = encapsulate(kem, pk)
    key, nonce = hpke_keys(kem, shared, info)
    return enc + AESGCM(key).encrypt(nonce, plaintext, b"")


def hpke_open(kem, seed, info, sealed):
    key, nonce = hpke_keys(kem, decapsulate(kem, seed, sealed[: ENC[kem]]), info)
    return AESGCM(key).decrypt(nonce, sealed[ENC[kem] :], b"")


def kem_public(kem, seed):
    if kem == XWING:
        return xwing_public(seed)
    return x25519.X25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


# -- objects


def key_record(kind, kem, account, device, created, pk):
    lifetime = 37 * 86400 * 1000
    return struct.pack(">BHHH", kind, kem, 1, 2) + account + device + struct.pack(
        ">QQH", created, created + lifetime, len(pk)) + pk


def certificate(account, first_seq, key, kem, flags, created):
    return b"\1" + account + struct.pack(">I", first_seq) + key + struct.pack(">HBQ", kem, flags, created)


def account_state(account, seq, previous, key, name, certificates, time):
    return b"\1" + account + struct.pack(">I", seq) + previous + key + name + struct.pack(
        ">H", len(certificates)) + b"".join(sorted(certificates)) + struct.pack(">Q", time)


def message_bytes(type, flags, from_account, from_device, conversation, id, counter, previous, sent, from_seq, log_size,
                  log_root, newest_key, newest_key_created, group_epoch, group_state, content):
    return struct.pack(">BBH", 1, type, flags) + from_account + from_device + conversation + id + struct.pack(
        ">Q", counter) + previous + struct.pack(">QIQ", sent, from_seq, log_size) + log_root + newest_key + struct.pack(
        ">QI", newest_key_created, group_epoch) + group_state + struct.pack(">I", len(content)) + content


# -- JSON content


def is_strict(content):
    """Empty, or one object that every parser reads alike."""
    if not content:
        return True

    def pairs(items):
        if len({name for name, _ in items}) != len(items):
            raise ValueError
        return dict(items)

    def number(text):
        if abs(int(text)) > 2**53 - 1:
            raise ValueError
        return int(text)

    def refuse(text):
        raise ValueError

    def walk(value, depth):
        if isinstance(value, (dict, list)):
            if depth > 16:
                raise ValueError
            for item in value.items() if isinstance(value, dict) else value:
                walk(item[1] if isinstance(value, dict) else item, depth + 1)
                if isinstance(value, dict):
                    item[0].encode("utf-8")
        elif isinstance(value, str):
            value.encode("utf-8")  # refuses lone surrogates

    try:
        text = content.decode("utf-8")
        value = json.loads(text, object_pairs_hook=pairs, parse_int=number, parse_float=refuse, parse_constant=refuse)
        walk(value, 1)
        return isinstance(value, dict)
    except (ValueError, RecursionError):
        return False


# -- envelopes


def padded_size(count):
    size = 1024
    while size < count:
        size *= 2
    return size if size <= 65536 else None


def slot_info(server, account, device, key, commitment):
    return L("slot") + server + account + device + key + commitment


def body_keys(secret):
    derived = hkdf(secret, L("body"), 76)
    return derived[:32], derived[32:44], derived[44:]


def seal(server, signer_seed, account, seq, keys, message):
    """keys: (device, key id, kem, public key)."""
    secret = os.urandom(32)
    key, nonce, commitment = body_keys(secret)
    slots = b""
    for device, id, kem, pk in sorted(keys):
        sealed = hpke_seal(kem, pk, slot_info(server, account, device, id, commitment), secret)
        slots += device + id + struct.pack(">HH", kem, len(sealed)) + sealed
    signed = account + struct.pack(">I", seq) + message
    size = padded_size(64 + len(signed))
    head = struct.pack(">BBHI", 1, 0, len(keys), size + 16) + commitment + slots
    plaintext = sign(signer_seed, "envelope", server, sha256(head) + signed) + signed
    return head + AESGCM(key).encrypt(nonce, plaintext + bytes(size - len(plaintext)), L("body") + sha256(head))


class Reader:
    def __init__(self, data):
        self.data, self.place = data, 0

    def take(self, count):
        if count > len(self.data) - self.place:
            raise Refused("E01")
        self.place += count
        return self.data[self.place - count : self.place]

    def number(self, count):
        return int.from_bytes(self.take(count), "big")


def parse_envelope(data):
    if not data:
        raise Refused("E01")
    if data[0] != 1:
        raise Refused("E02")
    reader = Reader(data)
    reader.take(1)
    flags, count, size = reader.number(1), reader.number(2), reader.number(4)
    if flags or not 1 <= count <= 16 or padded_size(size - 16) != size - 16:
        raise Refused("E01")
    commitment, slots = reader.take(32), []
    for _ in range(count):
        device, key, kem = reader.take(16), reader.take(16), reader.number(2)
        sealed = reader.take(reader.number(2))
        if kem in ENC and len(sealed) != ENC[kem] + 48 or slots and slots[-1][0] >= device:
            raise Refused("E01")
        slots.append((device, key, kem, sealed))
    head = data[: reader.place]
    body = reader.take(size)
    if reader.place != len(data):
        raise Refused("E01")
    return commitment, slots, sha256(head), body


def open_envelope(server, account, device, kem, keys, claimed_sender, senders, own_devices, data):
    """keys: key id -> seed. senders: account -> (seq, device -> (public key, standing)). own_devices: seq -> devices.

    Gives the message, the state it was sealed to and the findings, or raises Refused.
    """
    commitment, slots, head_hash, body = parse_envelope(data)
    slot = next((slot for slot in slots if slot[0] == device), None)
    if slot is None:
        raise Refused("E03")
    if slot[1] not in keys:
        raise Refused("E04")
    if slot[2] != kem:
        raise Refused("E05")
    try:
        secret = hpke_open(kem, keys[slot[1]], slot_info(server, account, device, slot[1], commitment), slot[3])
    except (InvalidTag, ValueError):
        raise Refused("E06") from None
    key, nonce, stated = body_keys(secret)
    if not hmac.compare_digest(stated, commitment):
        raise Refused("E07")
    try:
        plaintext = AESGCM(key).decrypt(nonce, body, L("body") + head_hash)
    except InvalidTag:
        raise Refused("E08") from None
    to_account, to_seq = plaintext[64:96], int.from_bytes(plaintext[96:100], "big")
    if plaintext[100] != 1:
        raise Refused("E02")
    length = int.from_bytes(plaintext[352:356], "big")
    end = 356 + length
    if length > 65180 or end > len(plaintext) or padded_size(end) != len(plaintext) or any(plaintext[end:]):
        raise Refused("E09")
    message = plaintext[100:end]
    from_account, from_device = message[4:36], message[36:52]
    from_seq = int.from_bytes(message[148:152], "big")
    if to_account != account or from_account != claimed_sender:
        raise Refused("E10")
    seq, devices = senders.get(from_account, (0, {}))
    if from_seq > seq or from_device not in devices:
        raise Refused("E11")
    public, standing = devices[from_device]
    if not is_signed(public, plaintext[:64], L("envelope") + server + head_hash + plaintext[64:end]):
        raise Refused("E12")
    findings = [] if standing == "current" else ["E11"]
    expected = own_devices.get(to_seq)
    if expected is not None and from_account == account:
        expected = expected - {from_device}
    if {slot[0] for slot in slots} != expected:
        findings.append("E13")
    return message, to_seq, findings


# -- recovery


def recovery_text(secret):
    text = base64.b32encode(secret + sha256(L("recovery-check"), secret)[:3]).decode()
    return " ".join(text[place : place + 4] for place in range(0, 56, 4))


def account_seed(secret):
    return hkdf(secret, b"messenger/v1/account-key", 32)


def backup_key(secret):
    return hkdf(secret, b"messenger/v1/backup-key", 32)


# -- streams


def chunked_encrypt(key, salt, context, plain):
    derived = hkdf_expand(key, b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0" + salt + context, 76, "sha512")
    out = salt + derived[44:]
    for number in range(len(plain) // 16384 + 1):
        nonce = (int.from_bytes(derived[32:44], "big") ^ number).to_bytes(12, "big")
        out += AESGCM(derived[:32]).encrypt(nonce, plain[number * 16384 : (number + 1) * 16384], b"")
    return out


# -- log


def leaf(entry):
    return sha256(b"\0", entry)


def root(entries):
    if not entries:
        return sha256()
    if len(entries) == 1:
        return leaf(entries[0])
    middle = 1 << (len(entries) - 1).bit_length() - 1
    return sha256(b"\1", root(entries[:middle]), root(entries[middle:]))


def inclusion(index, entries):
    if len(entries) == 1:
        return []
    middle = 1 << (len(entries) - 1).bit_length() - 1
    if index < middle:
        return inclusion(index, entries[:middle]) + [root(entries[middle:])]
    return inclusion(index - middle, entries[middle:]) + [root(entries[:middle])]


def consistency(count, entries, whole=True):
    if count == len(entries):
        return [] if whole else [root(entries)]
    middle = 1 << (len(entries) - 1).bit_length() - 1
    if count <= middle:
        return consistency(count, entries[:middle], whole) + [root(entries[middle:])]
    return consistency(count - middle, entries[middle:], False) + [root(entries[:middle])]


def log_record(type, name, account, seq, hash, time):
    return bytes([type]) + name + account + struct.pack(">I", seq) + hash + struct.pack(">Q", time)


def log_entry(salt, record):
    return sha256(L("log-entry"), salt, record)


def erased_hash(indices):
    return sha256(L("log-erased"), b"".join(struct.pack(">Q", index) for index in indices))


def verifier_key(name, kind, key):
    id = sha256(name.encode(), b"\n", bytes([kind]), key)[:4]
    return "%s+%s+%s" % (name, id.hex(), base64.b64encode(bytes([kind]) + key).decode())


def verify_note(note, key_text):
    """The time of the signature (0 unless it is a cosignature), or None."""
    name, id, material = key_text.split("+", 2)
    material = base64.b64decode(material, validate=True)
    text, lines = note.rsplit("\n\n", 1)
    text += "\n"
    for line in lines.split("\n")[:-1]:
        mark, signer, proof = line.split(" ")
        proof = base64.b64decode(proof, validate=True)
        if mark != "\u2014" or signer != name or proof[:4].hex() != id:
            continue
        if material[0] == 1:
            return 0 if is_signed(material[1:], proof[4:], text.encode()) else None
        time = int.from_bytes(proof[4:12], "big")
        return time if is_signed(material[1:], proof[12:], b"cosignature/v1\ntime %d\n" % time + text.encode()) else None
    return None


# -- groups

CREATE, ADD, REMOVE, LEAVE, SET_ROLE = 1, 2, 3, 4, 5
ADMIN = 2


class Change:
    def __init__(self, data):
        self.data, self.hash = data, sha256(L("group-change"), data)
        self.epoch, self.previous, self.author = int.from_bytes(data[1:5], "big"), data[5:37], data[37:69]
        self.action, self.subject = data[85], data[86:118]
        count = int.from_bytes(data[134:136], "big")
        rows = [data[136 + 33 * row : 169 + 33 * row] for row in range(count)]
        self.members = {row[:32]: row[32] for row in rows}


def group_name(group, head, revision, author, device, text):
    return b"\1" + group + head + struct.pack(">I", revision) + author + device + struct.pack(">H", len(text)) + text


def after(members, change, base):
    """What the change's action makes of the members, or None."""
    role = base.get(change.author)
    if role is None:
        return None
    result = dict(base)
    if change.action == LEAVE:
        del result[change.author]
        return result
    if role != ADMIN:
        return None
    there = change.subject in base
    if change.action == ADD and not there or change.action == SET_ROLE and there:
        result[change.subject] = change.members.get(change.subject, 1)
        return result if result != base else None
    if change.action == REMOVE and there and change.subject != change.author:
        del result[change.subject]
        return result
    return None


def is_valid(change, head, gone, may_lack):
    if change.epoch != head.epoch + 1 or change.author in gone:
        return False

    def known(account):
        if change.action == ADD and change.subject == account:
            return True
        return account not in change.members and not (change.action == REMOVE and change.subject == account) and not (
            change.action == LEAVE and change.author == account)

    base = {account: role for account, role in head.members.items() if not (account in may_lack and known(account))}
    return after(head.members, change, base) == change.members


def resolve(first, changes):
    followers = {}
    for change in {change.hash: change for change in changes}.values():
        followers.setdefault(change.previous, []).append(change)
    head, gone = first, set()
    while head.hash in followers:
        candidates = sorted(followers[head.hash], key=lambda change: change.hash)
        members = {account: role for account, role in head.members.items() if account not in gone}
        removals = []
        for branch in candidates:
            waiting = [branch]
            while waiting:
                change = waiting.pop()
                author = change.author
                if change.action == REMOVE and change.subject in members and change.subject != author and members.get(
                        author) == ADMIN:
                    removals.append((change.hash, branch.hash, author, change.subject))
                if change.action == LEAVE and author in members:
                    removals.append((change.hash, branch.hash, author, author))
                waiting += followers.get(change.hash, [])
        standing = []

        def void(author, branch):
            return any(by != subject == author and other != branch for _, other, by, subject in standing)

        for removal in sorted(removals):
            _, branch, author, subject = removal
            if author == subject or not void(author, branch):
                standing.append(removal)

        def outside(branch):
            return {subject for _, other, _, subject in standing if other != branch}

        winner = next(
            (change for change in candidates
             if not void(change.author, change.hash) and is_valid(change, head, gone, gone | outside(change.hash))), None)
        gone |= outside(winner and winner.hash)
        if winner is None:
            break
        gone &= set(winner.members)
        if winner.action == ADD:
            gone.discard(winner.subject)
        head = winner
    members = sorted((account, role) for account, role in head.members.items() if account not in gone)
    rows = b"".join(account + bytes([role]) for account, role in members)
    state = sha256(
        L("group-state"), group_id(first.data), head.hash, struct.pack(">IH", head.epoch, len(members)), rows)
    return head.hash, [account for account, _ in members], state


# -- linking


def link_bundle(flags, kem, device_key, link_key, name):
    name = name.encode()
    return struct.pack(">BBH", 1, flags, kem) + device_key + struct.pack(">H", len(link_key)) + link_key + bytes([len(name)]) + name


def link_code(server, bundle_hash, secret, expires):
    return b"\1" + server + bundle_hash + secret + struct.pack(">Q", expires)


def link_note(kind, secret):
    return sha256(L("link-note"), bytes([kind]), secret)


def link_open(kem, seed, server, bundle_hash, secret, sealed, label, key_label):
    """What the old device has sealed to the new one."""
    size = ENC[kem] + 48
    derived = hkdf(hpke_open(kem, seed, L(label) + server + bundle_hash + secret, sealed[:size]), L(key_label), 44)
    return AESGCM(derived[:32]).decrypt(derived[32:], sealed[size:], b"")


# -- E14 to E18


class Checks:
    """What one device knows of a direct conversation."""

    def __init__(self, members, conversation, entries, states):
        self.members, self.conversation, self.entries, self.states = members, conversation, entries, states
        self.seen, self.newest = {}, {}

    def findings(self, data):
        account, device, conversation, id = data[4:36], data[36:52], data[52:84], data[84:100]
        counter, previous = int.from_bytes(data[100:108], "big"), data[108:140]
        seq, size, log_root = *struct.unpack(">IQ", data[148:160]), data[160:192]
        state, content = data[216:252], data[256:]
        hash = message_hash(data)
        found = []
        if conversation != self.conversation or account not in self.members:
            found.append("E14")
        if state != bytes(36) or not is_strict(content):
            found.append("E15")
        if self.seen.setdefault((account, id), hash) != hash:
            found.append("E16")
        newest, newest_hash = self.newest.get(device, (0, ZERO))
        if counter > newest:
            self.newest[device] = counter, hash
            if newest and (counter != newest + 1 or previous != newest_hash):
                found.append("E17")
        places = self.states.get(account, [])
        if (size > len(self.entries) or root(self.entries[:size]) != log_root or not 1 <= seq <= len(places)
                or places[seq - 1] >= size):
            found.append("E18")
        return found
