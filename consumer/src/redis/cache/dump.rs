//! Writes a hash as `RESTORE` takes it: the bytes that `DUMP` would give.
//!
//! `RESTORE` takes a small hash over as it stands, while `HSET` looks up each of its fields first: restoring costs the server half as much.
//! The format is described in <https://github.com/redis/redis/blob/7.0/src/listpack.md>, `rdbSaveObject` in rdb.c and `createDumpPayload`
//! in cluster.c. Redis 7.0 and everything after it reads these dumps.

use crc_fast::{CrcAlgorithm, checksum};

/// `RDB_TYPE_HASH_LISTPACK`
const HASH_AS_LISTPACK: u8 = 16;
/// The version of the dump format that brought listpacks. A server reads its own version and all earlier ones.
const RDB_VERSION: u16 = 10;
/// The length of a listpack's header: four bytes for its size, two for its number of entries.
const HEADER: usize = 6;
const END: u8 = 0xff;
/// The first byte of a text of less than 64 bytes, without the length, which is added to it.
const SHORT_TEXT: u8 = 0x80;

/// Room for what stands before the listpack: the type, and the length in its longest form.
const FRONT: usize = 1 + 5;

/// The longest name of a field that [`Name`] takes.
const LONGEST_NAME: usize = 22;

/// The name of a field, as text and as it stands in a listpack, where its bytes are the same in every hash.
#[derive(Debug)]
pub(super) struct Name {
    text: &'static str,
    entry: [u8; LONGEST_NAME + 2],
}

impl Name {
    /// Makes a name. A text longer than [`LONGEST_NAME`] does not compile.
    pub(super) const fn new(text: &'static str) -> Self {
        let bytes = text.as_bytes();
        assert!(bytes.len() <= LONGEST_NAME);
        let length = bytes.len().to_le_bytes()[0];
        let mut entry = [0; LONGEST_NAME + 2];
        entry[0] = SHORT_TEXT | length;
        let (_, rest) = entry.split_at_mut(1);
        let (name, backwards) = rest.split_at_mut(bytes.len());
        name.copy_from_slice(bytes);
        backwards[0] = length + 1;
        Self { text, entry }
    }

    /// The name itself.
    pub(super) fn as_str(&self) -> &'static str {
        self.text
    }
}

/// A buffer in which hashes are written, one after the other.
#[derive(Debug, Default)]
pub(super) struct HashDump {
    bytes: Vec<u8>,
    entries: u16,
}

impl HashDump {
    /// Starts a hash without fields.
    pub(super) fn start(&mut self) {
        self.entries = 0;
        self.bytes.clear();
        self.bytes.resize(FRONT + HEADER, 0);
    }

    /// Adds a field; `write` appends its value. A name must not come twice in a hash: Redis would not notice.
    pub(super) fn field(&mut self, name: &Name, write: impl FnOnce(&mut Vec<u8>)) {
        // All bytes of the entry are appended, and the rest cut off: copying a constant number of bytes takes no function call.
        let end = self.bytes.len() + name.text.len() + 2;
        self.bytes.extend_from_slice(&name.entry);
        self.bytes.truncate(end);
        entry(&mut self.bytes, write);
        self.entries += 2;
    }

    /// The hash, ready for `RESTORE`.
    pub(super) fn finish(&mut self) -> &[u8] {
        self.bytes.push(END);
        let size = u32::try_from(self.bytes.len() - FRONT).unwrap_or(u32::MAX);
        self.bytes[FRONT..FRONT + 4].copy_from_slice(&size.to_le_bytes());
        self.bytes[FRONT + 4..FRONT + HEADER].copy_from_slice(&self.entries.to_le_bytes());
        let (length, bytes) = length(size);
        let start = FRONT - bytes - 1;
        self.bytes[start] = HASH_AS_LISTPACK;
        self.bytes[start + 1..FRONT].copy_from_slice(&length[..bytes]);
        self.bytes.extend_from_slice(&RDB_VERSION.to_le_bytes());
        let checksum = checksum(CrcAlgorithm::Crc64Redis, &self.bytes[start..]);
        self.bytes.extend_from_slice(&checksum.to_le_bytes());
        &self.bytes[start..]
    }
}

/// Appends a text to a listpack: its encoding and length, the text, and the length of both again for readers that go backwards.
fn entry(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.push(0);
    write(out);
    let long = u32::try_from(out.len() - start - 1).unwrap_or(u32::MAX);
    match long {
        0..64 => out[start] = SHORT_TEXT | low(long),
        // Long texts are rare: the text moves up to make room for a longer head.
        64..4096 => {
            out.splice(start..=start, [0xe0 | low(long >> 8), low(long)]);
        }
        _ => {
            let [a, b, c, d] = long.to_le_bytes();
            out.splice(start..=start, [0xf0, a, b, c, d]);
        }
    }
    backwards(out, out.len() - start);
}

/// Appends a length for readers that go backwards: seven bits a byte, the highest first, and all bytes but the first are marked. The limits
/// are those of `lpEncodeBacklen`.
fn backwards(out: &mut Vec<u8>, bytes: usize) {
    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
    let more = match bytes {
        0..=127 => 0,
        128..16_383 => 1,
        16_383..2_097_151 => 2,
        2_097_151..268_435_455 => 3,
        _ => 4,
    };
    out.push(low((bytes >> (7 * more)) & 0x7f));
    for place in (0..more).rev() {
        out.push(low((bytes >> (7 * place)) & 0x7f) | 0x80);
    }
}

/// Encodes the length of a string in the dump. Returns the bytes, and how many of them are used.
fn length(size: u32) -> ([u8; 5], usize) {
    match size {
        0..64 => ([low(size), 0, 0, 0, 0], 1),
        64..16_384 => ([0x40 | low(size >> 8), low(size), 0, 0, 0], 2),
        _ => {
            let [a, b, c, d] = size.to_be_bytes();
            ([0x80, a, b, c, d], 5)
        }
    }
}

fn low(number: u32) -> u8 {
    number.to_le_bytes()[0]
}

#[cfg(test)]
mod tests {
    use super::{HashDump, Name};

    /// What `DUMP` of Redis 7.0 gave for `HSET h name Ann`.
    #[test]
    fn a_hash_is_written_as_redis_dumps_it() {
        let mut dump = HashDump::default();
        dump.start();
        dump.field(&Name::new("name"), |out| out.extend_from_slice(b"Ann"));
        let expected = b"\x10\x12\x12\x00\x00\x00\x02\x00\x84name\x05\x83Ann\x04\xff\n\x00\xae(5\xcf\xa6d\xe2\x03";
        assert_eq!(dump.finish(), expected);
    }

    #[test]
    fn nothing_of_the_hash_before_stays() {
        let write = |dump: &mut HashDump| {
            dump.start();
            dump.field(&Name::new("a"), |out| out.push(b'1'));
            dump.finish().to_vec()
        };
        let mut dump = HashDump::default();
        let first = write(&mut dump);
        assert_eq!(write(&mut dump), first);
    }
}
