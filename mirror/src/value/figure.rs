//! The geometric types of Postgres. Debezium 3.7 writes them as objects; before, all but the point were unknown types, which arrive as the
//! bytes of their text if at all. Source: `PostgresValueConverter.java` of both.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use change::envelope::Json;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::binary::{self, push};
use super::kind::Figure;
use super::mismatch::Mismatch;
use super::{Written, json, number};

/// `io.debezium.data.geometry.Point`: its `wkb` says the same again.
#[derive(Deserialize)]
struct Point<'a> {
    #[serde(borrow)]
    x: &'a RawValue,
    #[serde(borrow)]
    y: &'a RawValue,
}

/// `io.debezium.data.geometry.Line`.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    a: &'a RawValue,
    #[serde(borrow)]
    b: &'a RawValue,
    #[serde(borrow)]
    c: &'a RawValue,
}

/// `io.debezium.data.geometry.Circle`.
#[derive(Deserialize)]
struct Circle<'a> {
    #[serde(borrow)]
    center: &'a RawValue,
    #[serde(borrow)]
    radius: &'a RawValue,
}

/// `io.debezium.data.geometry.Geometry` for a type of Postgres, which has no reference system.
#[derive(Deserialize)]
struct Points<'a> {
    #[serde(borrow)]
    wkb: Cow<'a, str>,
    #[serde(default)]
    extensions: Extensions,
}

/// What well-known binary cannot say.
#[derive(Default, Deserialize)]
struct Extensions {
    #[serde(default)]
    closed: Option<String>,
}

/// Reads a point and writes it as `(x,y)`.
pub(super) fn point(raw: &str) -> Result<Cow<'_, str>, Mismatch> {
    let Point { x, y } = json::shape(raw, "a point with x and y")?;
    Ok(Cow::Owned(format!("({},{})", number::float(x.get())?, number::float(y.get())?)))
}

/// Reads a line and writes it as `{a,b,c}`.
pub(super) fn line<'a>(raw: &'a str, written: Written<'_>) -> Result<Cow<'a, str>, Mismatch> {
    if json::kind(raw) == Json::Text {
        return binary::unknown(raw, written);
    }
    let Line { a, b, c } = json::shape(raw, "a line with a, b and c")?;
    Ok(Cow::Owned(format!("{{{},{},{}}}", number::float(a.get())?, number::float(b.get())?, number::float(c.get())?)))
}

/// Reads a circle and writes it as `<(x,y),r>`.
pub(super) fn circle<'a>(raw: &'a str, written: Written<'_>) -> Result<Cow<'a, str>, Mismatch> {
    if json::kind(raw) == Json::Text {
        return binary::unknown(raw, written);
    }
    let Circle { center, radius } = json::shape(raw, "a circle with center and radius")?;
    Ok(Cow::Owned(format!("<{},{}>", point(center.get())?, number::float(radius.get())?)))
}

/// Reads a figure of several points and writes it as `[(x,y),...]` if it is open, and as `((x,y),...)` if it is closed.
pub(super) fn points<'a>(figure: Figure, raw: &'a str, written: Written<'_>) -> Result<Cow<'a, str>, Mismatch> {
    if json::kind(raw) == Json::Text {
        return binary::unknown(raw, written);
    }
    let Points { wkb, extensions } = json::shape(raw, "a figure with wkb")?;
    let bytes = STANDARD.decode(wkb.as_ref()).map_err(|_| Mismatch::new("a wkb in base64", "text that is no base64"))?;
    let points = coordinates(&bytes).ok_or_else(|| Mismatch::new("the wkb of points in a plane", "another binary"))?;
    let points = match (figure, points.as_slice()) {
        // The binary walks around the box from one corner and back to it. The third point is the opposite corner.
        (Figure::Box, [corner, _, opposite, _, _]) => vec![*corner, *opposite],
        (Figure::Box, _) => return Err(Mismatch::new("the five points around a box", "another number of points")),
        // Debezium goes back to the first point, unless the polygon ends there by itself. Which of the two it was cannot be told, but two
        // equal points are all that the polygon has.
        (Figure::Polygon, [ring @ .., _]) if ring.len() > 1 => ring.to_vec(),
        (_, points) => points.to_vec(),
    };
    let is_open = match figure {
        Figure::Lseg => true,
        Figure::Path => extensions.closed.as_deref() == Some("false"),
        Figure::Box | Figure::Polygon => false,
    };
    let (open, close) = if is_open { ('[', ']') } else { ('(', ')') };
    let mut text = String::from(open);
    for (x, y) in points {
        let comma = if text.len() > 1 { "," } else { "" };
        push(&mut text, format_args!("{comma}({x},{y})"));
    }
    text.push(close);
    Ok(Cow::Owned(if figure == Figure::Box { text[1..text.len() - 1].to_owned() } else { text }))
}

/// The points of a line or of the one ring of a polygon in well-known binary.
/// Source: <https://libgeos.org/specifications/wkb/>.
fn coordinates(bytes: &[u8]) -> Option<Vec<(f64, f64)>> {
    const LITTLE_ENDIAN: u8 = 1;
    const LINE: u32 = 2;
    const POLYGON: u32 = 3;
    let (&LITTLE_ENDIAN, rest) = bytes.split_first()? else { return None };
    let (type_, mut rest) = integer(rest)?;
    if type_ == POLYGON {
        let (rings, ring) = integer(rest)?;
        rest = (rings == 1).then_some(ring)?;
    } else if type_ != LINE {
        return None;
    }
    let (count, rest) = integer(rest)?;
    let (pairs, end) = rest.as_chunks::<16>();
    let float = |bytes: &[u8]| bytes.first_chunk().map(|bytes| f64::from_le_bytes(*bytes));
    let points: Vec<_> = pairs.iter().filter_map(|pair| Some((float(&pair[..8])?, float(&pair[8..])?))).collect();
    (end.is_empty() && u32::try_from(points.len()) == Ok(count)).then_some(points)
}

fn integer(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (integer, rest) = bytes.split_first_chunk()?;
    Some((u32::from_le_bytes(*integer), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Kind, Modes, text};

    fn read(kind: &Kind, raw: &str) -> Result<String, Mismatch> {
        text(kind, raw, Written { modes: &Modes::default(), schema: None }).map(Cow::into_owned)
    }

    #[test]
    fn each_figure_is_read_from_the_object_that_debezium_3_7_writes() {
        let lseg = "AQIAAAACAAAAAAAAAAAA+L8AAAAAAAAAQAAAAAAAAAhAAAAAAAAAEUA=";
        let boxed =
            "AQMAAAABAAAABQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAATAAAAAAAAA+L8AAAAAAAAEwAAAAAAAAPi/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let ring = "AQMAAAABAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAADwPwAAAAAAAAAAAAAAAAAA8D8AAAAAAADwPwAAAAAAAAAAAAAAAAAAAAA=";
        let dot = "AQMAAAABAAAAAQAAAAAAAAAAAAAAAAAAAAAAAAA=";
        let geometry = |wkb: &str| format!(r#"{{"wkb":"{wkb}","srid":null,"extensions":{{"type":"x"}}}}"#);
        let path = |closed: bool| format!(r#"{{"wkb":"{lseg}","srid":null,"extensions":{{"type":"path","closed":"{closed}"}}}}"#);
        for (kind, raw, expected) in [
            (Kind::Point, r#"{"x":1.5,"y":-2.5,"wkb":"AQ==","srid":null}"#.to_owned(), "(1.5,-2.5)"),
            (Kind::Point, r#"{"x":1.0E300,"y":"NaN"}"#.to_owned(), "(1.0E300,NaN)"),
            (Kind::Line, r#"{"a":0.1,"b":-1.0,"c":1.0E300}"#.to_owned(), "{0.1,-1.0,1.0E300}"),
            (Kind::Circle, r#"{"center":{"x":1.5,"y":-2.5,"wkb":"AQ==","srid":null},"radius":0.0}"#.to_owned(), "<(1.5,-2.5),0.0>"),
            (Kind::Points(Figure::Lseg), geometry(lseg), "[(-1.5,2),(3,4.25)]"),
            (Kind::Points(Figure::Box), geometry(boxed), "(0,0),(-1.5,-2.5)"),
            (Kind::Points(Figure::Polygon), geometry(ring), "((0,0),(1,0),(1,1))"),
            (Kind::Points(Figure::Polygon), geometry(dot), "((0,0))"),
            (Kind::Points(Figure::Path), path(false), "[(-1.5,2),(3,4.25)]"),
            (Kind::Points(Figure::Path), path(true), "((-1.5,2),(3,4.25))"),
        ] {
            assert_eq!(read(&kind, &raw).as_deref(), Ok(expected), "{kind:?}");
        }
    }

    #[test]
    fn before_3_7_a_figure_is_the_text_that_its_bytes_spell() {
        assert_eq!(read(&Kind::Line, r#""ezEsLTEsMH0=""#).as_deref(), Ok("{1,-1,0}"));
        assert_eq!(read(&Kind::Circle, r#""PCgwLDApLDE+""#).as_deref(), Ok("<(0,0),1>"));
        assert_eq!(read(&Kind::Points(Figure::Path), r#""WygwLDApXQ==""#).as_deref(), Ok("[(0,0)]"));
    }

    #[test]
    fn a_binary_that_is_no_figure_is_refused() {
        for wkb in ["", "AA==", "AQEAAAA=", "AQIAAAACAAAA", "AQMAAAACAAAA"] {
            assert!(read(&Kind::Points(Figure::Path), &format!(r#"{{"wkb":"{wkb}"}}"#)).is_err(), "{wkb}");
        }
        assert!(read(&Kind::Point, r#"{"x":1}"#).is_err());
    }
}
