//! What the page tells with an alert leads into the documentation.

use std::path::Path;

use orderstream::page::alerts::AlertKind;

use crate::markdown::Document;

/// The places in the documentation that no heading has.
pub(crate) fn broken(root: &Path) -> Vec<String> {
    let places = AlertKind::all().map(|kind| kind.advice().runbook);
    let is_there = |place: &str| {
        let (file, anchor) = place.split_once('#').unwrap();
        let path = root.join(file);
        path.is_file() && Document::read(&path).anchors().iter().any(|known| known == anchor)
    };
    places.filter(|place| !is_there(place)).map(str::to_owned).collect()
}
