//! Collects the fields of a hash for a script call: as one dump, or as names and values.

use redis::{Cmd, RedisWrite};

use super::dump::{HashDump, Name};

/// A buffer in which the fields of one hash after the other are collected.
pub(super) trait Fields: Default {
    /// Starts a hash without fields.
    fn start(&mut self);

    /// Adds a field; `write` appends its value. A name must not come twice in a hash.
    fn field(&mut self, name: &Name, write: impl FnOnce(&mut Vec<u8>));

    /// Appends the hash to the call.
    fn append_to(&mut self, call: &mut Cmd);
}

impl Fields for HashDump {
    fn start(&mut self) {
        HashDump::start(self);
    }

    fn field(&mut self, name: &Name, write: impl FnOnce(&mut Vec<u8>)) {
        HashDump::field(self, name, write);
    }

    fn append_to(&mut self, call: &mut Cmd) {
        call.write_arg(self.finish());
    }
}

/// The number of names and values, and then the names and values as `HSET` takes them.
#[derive(Debug, Default)]
pub(super) struct NamesAndValues {
    bytes: Vec<u8>,
    /// Where each name and each value ends.
    ends: Vec<usize>,
}

impl Fields for NamesAndValues {
    fn start(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    fn field(&mut self, name: &Name, write: impl FnOnce(&mut Vec<u8>)) {
        self.bytes.extend_from_slice(name.as_str().as_bytes());
        self.ends.push(self.bytes.len());
        write(&mut self.bytes);
        self.ends.push(self.bytes.len());
    }

    fn append_to(&mut self, call: &mut Cmd) {
        call.arg(self.ends.len());
        let mut from = 0;
        for &to in &self.ends {
            call.write_arg(&self.bytes[from..to]);
            from = to;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_its_number_of_names_and_values_and_then_these() {
        let mut fields = NamesAndValues::default();
        let mut call = Cmd::new();
        for value in ["Ann", ""] {
            fields.start();
            fields.field(&Name::new("name"), |out| out.extend_from_slice(value.as_bytes()));
            fields.append_to(&mut call);
        }
        let arguments: Vec<_> = call.args_iter().collect();
        let expected = [&b"2"[..], b"name", b"Ann", b"2", b"name", b""];
        assert_eq!(arguments, expected.map(redis::Arg::Simple));
    }
}
