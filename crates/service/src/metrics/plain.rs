//! Prometheus' older text, made of OpenMetrics: the same samples under other headings.
//!
//! Both formats write samples alike. In OpenMetrics the heading of a counter or of an info lacks the ending of its samples' name, a heading
//! names the unit, and a last line says that the text is whole. `promtool check metrics` and other readers of the older text stumble over
//! each of these. Source: OpenMetrics 1.0, "Text Format"; Prometheus, "Exposition formats".

/// The same text in the older format.
pub(super) fn plain(open: &str) -> String {
    let mut text = String::with_capacity(open.len());
    let mut help = None;
    for line in open.lines() {
        if line.starts_with("# HELP ") {
            // The help comes first, and how the name ends is known from the type.
            help = Some(line);
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|heading| heading.split_once(' ')) {
            let (ending, kind) = of_samples(kind);
            if let Some((_, words)) = help.take().and_then(|line| line["# HELP ".len()..].split_once(' ')) {
                text.push_str(&format!("# HELP {name}{ending} {words}\n"));
            }
            text.push_str(&format!("# TYPE {name}{ending} {kind}\n"));
        } else if !line.starts_with('#') {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// How the names of a kind's samples end, and what the older text calls the kind.
fn of_samples(kind: &str) -> (&'static str, &str) {
    match kind {
        "counter" => ("_total", kind),
        "info" => ("_info", "gauge"),
        _ => ("", kind),
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn the_headings_name_the_samples_and_what_the_older_text_does_not_know_is_left_out() {
        let open = "# HELP x_records Records by fate.\n# TYPE x_records counter\nx_records_total{fate=\"stale\"} 2\n\
                    # HELP x_build The program.\n# TYPE x_build info\nx_build_info{version=\"1\"} 1\n\
                    # HELP x_age_seconds Age.\n# TYPE x_age_seconds gauge\n# UNIT x_age_seconds seconds\nx_age_seconds NaN\n# EOF\n";
        let older = "# HELP x_records_total Records by fate.\n# TYPE x_records_total counter\nx_records_total{fate=\"stale\"} 2\n\
                     # HELP x_build_info The program.\n# TYPE x_build_info gauge\nx_build_info{version=\"1\"} 1\n\
                     # HELP x_age_seconds Age.\n# TYPE x_age_seconds gauge\nx_age_seconds NaN\n";
        assert_eq!(plain(open), older);
    }
}
