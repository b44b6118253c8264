//! Reads events without a parser if they look like an earlier event of the same batch.
//!
//! The events of a connector differ in their values, and hardly ever in what stands between the values: the same names come in the same
//! order. If everything between the values is the same, byte for byte, as in an event that the parser has read, then each value stands in
//! the same place. Comparing takes a third of the time of parsing (0.3 and 0.8 us per event). An event that differs goes to the parser. So
//! does an event with a value that is neither a whole number nor a text without `\u`: only the parser says that an event is wrong.
//!
//! The result is the same as that of parsing, because the parser takes each field that is read as any value, or as an object or null. So a
//! text or a number may stand wherever another text or number stood. `null`, `true`, `false`, brackets and braces belong to what must be
//! the same.

use std::ops::Range;

use super::fields::Envelope;

/// The number of layouts that are kept: for creates, updates, deletes and one more, such as updates of a row with a null.
const MOST: usize = 4;

/// The layouts that the events of one table have had so far.
#[derive(Debug, Default)]
pub struct Layouts {
    known: Vec<Layout>,
    /// The places where the pieces of the current event begin. The vector is kept to reuse its memory.
    starts: Vec<usize>,
}

impl Layouts {
    /// Whether an event looks like an earlier one.
    #[must_use]
    pub fn know(&mut self, text: &str) -> bool {
        self.read(text).is_some()
    }

    /// The fields of an event that looks like an earlier one.
    pub(super) fn read<'a>(&mut self, text: &'a str) -> Option<Envelope<&'a str>> {
        self.known.iter().find_map(|layout| layout.read(text, &mut self.starts))
    }

    /// Remembers the layout of an event. `envelope` is what the parser found in the event.
    pub(super) fn learn(&mut self, text: &str, envelope: &Envelope<&str>) {
        if self.known.len() < MOST {
            self.known.extend(Layout::of(text, envelope));
        }
    }
}

/// The layout of an event: everything but its values.
#[derive(Debug)]
struct Layout {
    example: String,
    /// The text before each value, and the text behind the last one, as ranges of `example`.
    pieces: Vec<Range<usize>>,
    envelope: Envelope<Span>,
}

/// The place of a field, which is a value, or an object with all its values.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: Mark,
    to: Mark,
}

/// A place in every event of the layout: a number of bytes behind the beginning of a piece.
#[derive(Debug, Clone, Copy)]
struct Mark {
    piece: usize,
    bytes: usize,
}

impl Layout {
    /// The layout of an event that the parser has read; `None` if one of its values is not plain.
    fn of(text: &str, envelope: &Envelope<&str>) -> Option<Self> {
        let pieces = pieces(text.as_bytes())?;
        let mark = |place: usize| {
            let piece = pieces.iter().position(|piece| (piece.start..=piece.end).contains(&place)).unwrap_or_default();
            Mark { piece, bytes: place - pieces[piece].start }
        };
        // The parser's fields borrow from the text, so their addresses tell where in the text they stand.
        let span = |field: &str| {
            let from = field.as_ptr() as usize - text.as_ptr() as usize;
            Span { from: mark(from), to: mark(from + field.len()) }
        };
        let envelope = envelope.each(|field| span(field));
        Some(Self { example: text.to_owned(), pieces, envelope })
    }

    /// The fields of an event of this layout.
    fn read<'a>(&self, text: &'a str, starts: &mut Vec<usize>) -> Option<Envelope<&'a str>> {
        let (bytes, example) = (text.as_bytes(), self.example.as_bytes());
        let (last, before_values) = self.pieces.split_last()?;
        let mut at = 0;
        starts.clear();
        for piece in before_values {
            starts.push(at);
            let piece = &example[piece.clone()];
            at += same(bytes.get(at..at + piece.len())?, piece).then_some(piece.len())?;
            at += plain(&bytes[at..])?;
        }
        starts.push(at);
        if bytes[at..] != example[last.clone()] {
            return None;
        }
        let place = |mark: Mark| starts[mark.piece] + mark.bytes;
        Some(self.envelope.each(|Span { from, to }| &text[place(*from)..place(*to)]))
    }
}

/// Whether two pieces are the same. Most pieces are short, and calling a comparison would take longer than to compare them here.
fn same(one: &[u8], other: &[u8]) -> bool {
    match (one.first_chunk::<8>(), one.last_chunk::<8>(), other.first_chunk::<8>(), other.last_chunk::<8>()) {
        (Some(a), Some(z), Some(other_a), Some(other_z)) if one.len() == other.len() && one.len() <= 16 => a == other_a && z == other_z,
        _ => one == other,
    }
}

/// The pieces between the values of valid JSON. A text is a name if a colon follows.
fn pieces(json: &[u8]) -> Option<Vec<Range<usize>>> {
    let (mut pieces, mut start, mut at) = (Vec::new(), 0, 0);
    while let Some(byte) = json.get(at) {
        if !matches!(byte, b'"' | b'-' | b'0'..=b'9') {
            at += 1;
            continue;
        }
        let end = at + plain(&json[at..])?;
        if json[end..].trim_ascii_start().first() != Some(&b':') {
            pieces.push(start..at);
            start = end;
        }
        at = end;
    }
    pieces.push(start..json.len());
    Some(pieces)
}

/// The length of the text or whole number at the beginning of `json`; `None` if neither is there, or if only the parser can tell whether it
/// is valid.
fn plain(json: &[u8]) -> Option<usize> {
    match json.first()? {
        b'"' => text(json),
        b'-' => Some(1 + whole(&json[1..])?),
        _ => whole(json),
    }
}

fn text(json: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        at += ordinary(&json[at..]);
        match json.get(at)? {
            b'"' => return Some(at + 1),
            // The same escapes as in `sequence`. What stands behind `\u` may be half a character, so the parser reads such a text.
            b'\\' if matches!(json.get(at + 1)?, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => at += 2,
            _ => return None,
        }
    }
}

/// The number of bytes before the first quote, backslash or control character.
fn ordinary(text: &[u8]) -> usize {
    let (eights, rest) = text.as_chunks::<8>();
    for (number, eight) in eights.iter().enumerate() {
        let special = special(u64::from_le_bytes(*eight));
        if special != 0 {
            return number * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    let in_rest = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..b' ')).unwrap_or(rest.len());
    eights.len() * 8 + in_rest
}

/// Marks the special bytes among eight: the highest bit of the first special byte is set, and no bit of a byte before it. Eight bytes take
/// few steps this way: <https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord>.
fn special(eight: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let below = |limit: u8, bytes: u64| bytes.wrapping_sub(EACH * u64::from(limit)) & !bytes;
    let is = |byte: u8| below(1, eight ^ (EACH * u64::from(byte)));
    (below(b' ', eight) | is(b'"') | is(b'\\')) & (EACH * 0x80)
}

/// The length of a whole number: digits without a leading zero, and nothing behind them that would make another number of them.
pub(super) fn whole(json: &[u8]) -> Option<usize> {
    let digits = json.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let is_whole = digits > 0 && (digits == 1 || json[0] != b'0') && !matches!(json.get(digits), Some(b'.' | b'e' | b'E'));
    is_whole.then_some(digits)
}
