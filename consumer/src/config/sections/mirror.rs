//! The settings of the job `mirror`.

use std::collections::BTreeMap;

use ::mirror::settings::{Constraints, Evolution, Selection, Types};
use ::mirror::value::{BinaryMode, DecimalMode, Modes, TimeMode};
use service::settings::{Problem, Renewable, Values};

use super::Format;

/// Which tables are mirrored, from where to where.
#[derive(Debug, Clone)]
pub struct Mirror {
    /// The topics, or one pattern that begins with `^`.
    pub topics: Vec<String>,
    /// The consumer group.
    pub group_id: String,
    /// The topic of dead letters.
    pub dead_letter_topic: String,
    /// The target's database.
    pub target_url: Renewable,
    /// The source's database.
    pub source_url: Option<Renewable>,
    /// Where the types of a table come from that the target lacks.
    pub types: Types,
    /// The shape of the values.
    pub format: Format,
    /// Which tables, under which names.
    pub selection: Selection,
    /// What is done with constraints of tables that were there.
    pub constraints: Constraints,
    /// What is done when a table of the source has changed.
    pub evolution: Evolution,
    /// How the connector writes values.
    pub modes: Modes,
}

impl Mirror {
    pub(in crate::config) fn read(values: &Values) -> Result<Self, Problem> {
        let list = |name| Ok::<_, Problem>(listed(values.optional(name)?.as_deref()));
        let source_url = values.optional("mirror.source_url")?.map(|_| values.renewable("mirror.source_url")).transpose()?;
        Ok(Self {
            topics: listed(Some(&values.text("mirror.topics")?)),
            group_id: values.text("mirror.group_id")?,
            dead_letter_topic: values.text("mirror.dead_letter_topic")?,
            target_url: values.renewable("mirror.target_url")?,
            source_url,
            types: values.choice::<Types>("mirror.types")?,
            format: values.choice("mirror.format")?,
            selection: Selection {
                schemas: pairs(values.optional("mirror.schemas")?.as_deref()),
                tables: pairs(values.optional("mirror.tables")?.as_deref()),
                prefix: values.optional("mirror.prefix")?.unwrap_or_default(),
                excluded_tables: list("mirror.exclude_tables")?,
                excluded_columns: list("mirror.exclude_columns")?,
            },
            constraints: values.choice::<Constraints>("mirror.constraints")?,
            evolution: values.choice::<Evolution>("mirror.evolution")?,
            modes: Modes {
                decimal: values.choice::<DecimalMode>("mirror.decimal_handling_mode")?,
                time: values.choice::<TimeMode>("mirror.time_precision_mode")?,
                binary: values.choice::<BinaryMode>("mirror.binary_handling_mode")?,
                ..Modes::default()
            },
        })
    }
}

fn listed(text: Option<&str>) -> Vec<String> {
    let names = text.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

fn pairs(text: Option<&str>) -> BTreeMap<String, String> {
    let pairs = listed(text);
    pairs.iter().filter_map(|pair| pair.split_once('=')).map(|(from, to)| (from.trim().to_owned(), to.trim().to_owned())).collect()
}
