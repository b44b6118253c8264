//! Settings that people know from another program. Whoever sets one is told what is here in its place, instead of only that it is unknown.

use super::Settings;
use super::problem::Problem;
use super::sources::Environment;

/// Some settings of another program that one thing stands for here.
#[derive(Debug, Clone, Copy)]
pub struct Foreign {
    /// Their names. A name that ends in `.*` stands for all names that begin so.
    pub names: &'static [&'static str],
    /// What is here in their place, a sentence without a full stop.
    pub here: &'static str,
    /// Whether other programs too have variables of these names, so that one in the environment may be meant for them.
    pub is_common: bool,
}

/// The settings of other programs.
#[derive(Debug, Clone, Copy)]
pub struct Foreigners {
    /// The program, as a sentence names it.
    pub program: &'static str,
    /// The section of this program's settings in which they may stand.
    pub section: &'static str,
    /// The settings.
    pub all: &'static [Foreign],
}

impl Foreigners {
    /// No settings of other programs.
    pub const NONE: Self = Self { program: "", section: "", all: &[] };

    /// What to say of a setting in the file; `None` if no other program has it. The words of a name may be parted by dots, underscores or dashes.
    pub(super) fn answer(&self, name: &str) -> Option<String> {
        self.find(self.split(&spelled(name)).1).map(|foreign| self.sentence(foreign))
    }

    /// Adds a problem for each variable that is a setting of another program. Only names that no other program has count without the section in front.
    pub(super) fn in_environment(&self, settings: Settings, environment: &Environment, problems: &mut Vec<Problem>) {
        let surely = self.variables(settings, environment).filter(|(_, foreign, in_section)| *in_section || !foreign.is_common);
        problems.extend(surely.map(|(name, foreign, _)| Problem::new(name, self.sentence(foreign))));
    }

    /// A warning for each variable that may be meant for another program.
    #[must_use]
    pub fn warnings(&self, settings: Settings, environment: &Environment) -> Vec<String> {
        let perhaps = self.variables(settings, environment).filter(|(_, foreign, in_section)| !in_section && foreign.is_common);
        perhaps.map(|(name, foreign, _)| format!("the environment variable {name} has no effect: it {}", self.sentence(foreign))).collect()
    }

    /// The variables that no setting of this program reads: the name, the setting of the other program, and whether the section is in front.
    fn variables<'e>(&self, settings: Settings, environment: &'e Environment) -> impl Iterator<Item = (&'e str, &'static Foreign, bool)> {
        let ours: Vec<String> = settings.iter().flat_map(|key| [Some(key.variable()), key.file_variable()]).flatten().collect();
        let unknown = environment.names().filter(move |name| !ours.iter().any(|ours| ours == name));
        let this = *self;
        unknown.filter_map(move |name| {
            let spelled = spelled(name);
            let (in_section, bare) = this.split(&spelled);
            // A word alone, such as NAME, is a variable of many programs.
            let counts = in_section || bare.contains('.');
            this.find(bare).filter(|_| counts).map(|foreign| (name, foreign, in_section))
        })
    }

    fn split<'n>(&self, name: &'n str) -> (bool, &'n str) {
        let rest = name.strip_prefix(self.section).and_then(|rest| rest.strip_prefix('.'));
        (rest.is_some(), rest.unwrap_or(name))
    }

    fn find(&self, name: &str) -> Option<&'static Foreign> {
        let is = |foreign: &str| match foreign.strip_suffix('*') {
            Some(start) => name.len() > start.len() && name.starts_with(&spelled(start)),
            None => name == spelled(foreign),
        };
        self.all.iter().find(|foreign| foreign.names.iter().any(|name| is(name)))
    }

    fn sentence(&self, foreign: &Foreign) -> String {
        format!("is known from {}; here: {}", self.program, foreign.here)
    }
}

/// A name in the one spelling that all ways to write it have: `AUTO_CREATE` and `auto.create` are the same.
fn spelled(name: &str) -> String {
    name.to_ascii_lowercase().replace(['_', '-'], ".")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SINK: Foreigners = Foreigners {
        program: "the sink",
        section: "mirror",
        all: &[
            Foreign { names: &["auto.create", "name"], here: "`mirror.source_url`", is_common: false },
            Foreign { names: &["errors.dlq.*"], here: "always on", is_common: false },
            Foreign { names: &["batch.size"], here: "`batch.max_records`", is_common: true },
        ],
    };

    #[test]
    fn a_name_is_known_in_each_of_its_spellings() {
        for name in ["auto.create", "mirror.auto.create", "mirror.auto_create", "Auto-Create", "mirror.name"] {
            assert_eq!(SINK.answer(name).as_deref(), Some("is known from the sink; here: `mirror.source_url`"), "{name}");
        }
        assert!(SINK.answer("errors.dlq.topic.name").is_some());
        for name in ["auto.creates", "errors.dlq", "errors.dlq.", "other.auto.create"] {
            assert_eq!(SINK.answer(name), None, "{name}");
        }
    }

    #[test]
    fn a_variable_that_other_programs_may_read_is_told_and_refused_only_in_the_section() {
        let variables = ["AUTO_CREATE", "MIRROR_NAME", "NAME", "BATCH_SIZE", "MIRROR_BATCH_SIZE", "PATH"];
        let environment = variables.into_iter().map(|name| (name, "1")).collect();
        let mut problems = Vec::new();
        SINK.in_environment(&[], &environment, &mut problems);
        let places: Vec<&str> = problems.iter().map(|problem| &*problem.place).collect();
        assert_eq!(places, ["AUTO_CREATE", "MIRROR_BATCH_SIZE", "MIRROR_NAME"]);
        assert_eq!(
            SINK.warnings(&[], &environment),
            ["the environment variable BATCH_SIZE has no effect: it is known from the sink; here: `batch.max_records`"]
        );
    }
}
