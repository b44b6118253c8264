//! Reads as much of Markdown as the documentation uses: fences, code spans, headings, links.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A Markdown file.
pub(crate) struct Document {
    pub(crate) path: PathBuf,
    text: String,
}

impl Document {
    pub(crate) fn new(path: &Path, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    pub(crate) fn read(path: &Path) -> Self {
        Self::new(path, &fs::read_to_string(path).unwrap())
    }

    /// The lines inside of fences if `fenced`, otherwise the lines outside.
    fn lines(&self, fenced: bool) -> impl Iterator<Item = &str> {
        let mut is_inside = false;
        self.text.lines().filter(move |line| {
            let is_fence = line.trim_start().starts_with("```");
            is_inside ^= is_fence;
            !is_fence && is_inside == fenced
        })
    }

    fn prose(&self) -> String {
        self.lines(false).collect::<Vec<_>>().join("\n")
    }

    pub(crate) fn fenced_lines(&self) -> impl Iterator<Item = &str> {
        self.lines(true)
    }

    pub(crate) fn code_spans(&self) -> Vec<String> {
        code_spans(&self.prose()).collect()
    }

    /// The target of each link, as the document has it.
    pub(crate) fn links(&self) -> Vec<String> {
        let prose: String = pieces(&self.prose()).map(|(piece, is_code)| if is_code { String::new() } else { piece }).collect();
        let target = |rest: &str| rest.split([')', ' ', '\n']).next().unwrap_or_default().to_owned();
        prose.split("](").skip(1).map(target).collect()
    }

    /// The anchors of the headings, as GitHub makes them.
    pub(crate) fn anchors(&self) -> Vec<String> {
        let mut times: HashMap<String, usize> = HashMap::new();
        let headings = self.lines(false).filter(|line| line.starts_with('#'));
        let anchors = headings.map(|heading| {
            let anchor = anchor(heading.trim_start_matches('#').trim());
            let before = times.entry(anchor.clone()).or_default();
            *before += 1;
            if *before == 1 { anchor } else { format!("{anchor}-{}", *before - 1) }
        });
        anchors.collect()
    }
}

fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_')).collect::<String>();
    kept.replace(' ', "-")
}

/// The texts between backticks, with lines joined.
pub(crate) fn code_spans(text: &str) -> impl Iterator<Item = String> {
    pieces(text).filter(|(_, is_code)| *is_code).map(|(piece, _)| piece.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Text and code by turns. A span ends with its paragraph at the latest, so that a single backtick does not turn all later text into code.
fn pieces(text: &str) -> impl Iterator<Item = (String, bool)> {
    let of_paragraph = |paragraph: &str| {
        let pieces = paragraph.split('`').enumerate().map(|(index, piece)| (piece.to_owned(), index % 2 == 1));
        pieces.chain([("\n\n".to_owned(), false)]).collect::<Vec<_>>()
    };
    text.split("\n\n").flat_map(of_paragraph).collect::<Vec<_>>().into_iter()
}

#[test]
fn fences_spans_links_and_anchors_are_told_apart() {
    let text = "# A `b` of C\n\nSee [x](y.md#z), `[no](link)` and\n[`code`](z.md).\n\n```\n# no heading\n[no](link)\n```\n## A b, of c!\n";
    let document = Document::new(Path::new("x.md"), text);
    assert_eq!(document.links(), ["y.md#z", "z.md"]);
    assert_eq!(document.anchors(), ["a-b-of-c", "a-b-of-c-1"]);
    assert_eq!(document.code_spans(), ["b", "[no](link)", "code"]);
    assert_eq!(document.fenced_lines().collect::<Vec<_>>(), ["# no heading", "[no](link)"]);
}
