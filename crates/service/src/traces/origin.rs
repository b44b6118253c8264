//! Where a trace comes from: the header `traceparent`. Source: W3C Trace Context, section 3.2.

use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

/// The span of another program that this work follows from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(SpanContext);

impl Origin {
    /// Reads the value of a header `traceparent`: `version-trace-span-flags` in lower-case hexadecimal digits. `None` if the value is
    /// another text.
    #[must_use]
    pub fn parse(header: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(header).ok()?;
        let mut parts = text.splitn(5, '-');
        let [version, trace, span, flags] = [2, 32, 16, 2].map(|length| digits(parts.next(), length));
        // A later version may have more parts, but not this one.
        let is_known = version? != "ff" && (version? != "00" || parts.next().is_none());
        let (trace, span) = (TraceId::from_hex(trace?).ok()?, SpanId::from_hex(span?).ok()?);
        let flags = TraceFlags::new(u8::from_str_radix(flags?, 16).ok()?);
        let context = SpanContext::new(trace, span, flags, true, TraceState::default());
        (is_known && context.is_valid()).then_some(Self(context))
    }

    /// Whether the other program has traced its own part, so that somebody is going to look at this trace.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.0.is_sampled()
    }

    pub(super) fn context(&self) -> &SpanContext {
        &self.0
    }
}

fn digits(part: Option<&str>, length: usize) -> Option<&str> {
    part.filter(|part| part.len() == length && part.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_of_the_standard_is_read_and_anything_else_is_none() {
        let sampled = Origin::parse(b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").unwrap();
        assert!(sampled.is_sampled());
        assert_eq!(sampled.context().trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(sampled.context().span_id().to_string(), "00f067aa0ba902b7");
        assert!(!Origin::parse(b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00").unwrap().is_sampled());
        assert!(Origin::parse(b"01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more").is_some(), "a later version may have more");
        for wrong in [
            "",
            "zq@customers.example.com",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(Origin::parse(wrong.as_bytes()), None, "{wrong}");
        }
        assert_eq!(Origin::parse(b"\xff\xfe"), None);
    }
}
