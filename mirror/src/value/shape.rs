//! Values that Debezium writes as objects or arrays of numbers: geometries of PostGIS, vectors of pgvector.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use change::envelope::Json;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::binary::{push, push_hex};
use super::mismatch::Mismatch;
use super::{json, number};

/// `io.debezium.data.geometry.Geometry` and `Geography`.
#[derive(Deserialize)]
struct Geometry<'a> {
    #[serde(borrow)]
    wkb: Cow<'a, str>,
    #[serde(default)]
    srid: Option<i64>,
}

/// Reads a geometry or geography and writes it as PostGIS does: its extended well-known binary in hexadecimal digits. Debezium's `wkb` is
/// already extended. If it is plain, the `srid` goes before it.
pub(super) fn geometry(raw: &str) -> Result<Cow<'_, str>, Mismatch> {
    let Geometry { wkb, srid } = json::shape(raw, "a geometry with wkb and srid")?;
    let bytes = STANDARD.decode(wkb.as_ref()).map_err(|_| Mismatch::new("a wkb in base64", "text that is no base64"))?;
    let mut hex = match srid {
        Some(srid) if srid != 0 && !carries_srid(&bytes) => format!("SRID={srid};"),
        _ => String::new(),
    };
    push_hex(&mut hex, &bytes);
    Ok(Cow::Owned(hex))
}

/// Whether an extended well-known binary carries a reference system, which a bit of its type tells. The first byte is the order of bytes.
/// Source: `ewkb` in <https://libgeos.org/specifications/wkb/>.
fn carries_srid(bytes: &[u8]) -> bool {
    const FLAG: u8 = 0x20;
    let highest_of_type = if bytes.first() == Some(&0) { bytes.get(1) } else { bytes.get(4) };
    highest_of_type.is_some_and(|byte| byte & FLAG != 0)
}

/// Reads a `vector` or `halfvec`: an array of numbers is how pgvector writes it too.
pub(super) fn vector(raw: &str) -> Result<Cow<'_, str>, Mismatch> {
    match json::kind(raw) {
        Json::Array if !raw.contains(['"', '{', 'n', 't', 'f']) => Ok(Cow::Borrowed(raw)),
        _ => Err(Mismatch::of(raw, "an array of numbers")),
    }
}

/// `io.debezium.data.SparseDoubleVector`. The JSON converter writes a map whose keys are numbers as an array of pairs.
#[derive(Deserialize)]
struct SparseVector<'a> {
    dimensions: u32,
    #[serde(borrow)]
    vector: &'a RawValue,
}

/// Reads a `sparsevec` and writes it as `{1:1,5:-2.5}/5`.
pub(super) fn sparse_vector(raw: &str) -> Result<Cow<'_, str>, Mismatch> {
    const EXPECTED: &str = "a sparse vector with dimensions and vector";
    let SparseVector { dimensions, vector } = json::shape(raw, EXPECTED)?;
    let elements: BTreeMap<u32, &RawValue> = match json::kind(vector.get()) {
        Json::Array => json::shape::<Vec<(u32, &RawValue)>>(vector.get(), EXPECTED)?.into_iter().collect(),
        _ => json::shape(vector.get(), EXPECTED)?,
    };
    let mut text = String::from("{");
    for (index, element) in elements {
        let comma = if text.len() > 1 { "," } else { "" };
        push(&mut text, format_args!("{comma}{index}:{}", number::float(element.get())?));
    }
    push(&mut text, format_args!("}}/{dimensions}"));
    Ok(Cow::Owned(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_geometry_is_its_extended_binary() {
        for (raw, expected) in [
            (r#"{"wkb":"AQEAACBzDAAA","srid":3187}"#, "0101000020730c0000"),
            (r#"{"wkb":"AQEAAAAA","srid":4326}"#, "SRID=4326;010100000000"),
            (r#"{"wkb":"AAAAAAE=","srid":null}"#, "0000000001"),
        ] {
            assert_eq!(geometry(raw).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn vectors_are_arrays_and_sparse_ones_have_indexes() {
        assert_eq!(vector("[0.1,-1.0E-5]").as_deref(), Ok("[0.1,-1.0E-5]"));
        assert!(vector("[null]").is_err());
        for (raw, expected) in [
            (r#"{"dimensions":5,"vector":{"5":-2.5,"1":1.0}}"#, "{1:1.0,5:-2.5}/5"),
            (r#"{"dimensions":5,"vector":[[5,-2.5],[1,1.0]]}"#, "{1:1.0,5:-2.5}/5"),
            (r#"{"dimensions":5,"vector":[]}"#, "{}/5"),
        ] {
            assert_eq!(sparse_vector(raw).as_deref(), Ok(expected));
        }
    }
}
