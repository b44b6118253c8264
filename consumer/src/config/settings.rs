//! The one definition of every setting: its default, its allowed values, its purpose. The table in docs/configuration.md is printed from
//! here.

mod jdbc_sinks;
mod kafka;
mod mirror;
mod process;
mod source;
mod stores;
mod work;

use service::settings::{Kind, Setting, all};

use super::url;

pub use jdbc_sinks::JDBC_SINKS;

const POSTGRES_URL: Kind = Kind::Url { allowed: "postgres://user:password@host:port/database", check: url::postgres };

/// The settings by what they are about, in the order of the table in docs/configuration.md.
const PARTS: &[&[Setting]] = &[kafka::SETTINGS, source::SETTINGS, stores::SETTINGS, work::SETTINGS, process::SETTINGS, mirror::SETTINGS];

const NUMBER: usize = kafka::SETTINGS.len()
    + source::SETTINGS.len()
    + stores::SETTINGS.len()
    + work::SETTINGS.len()
    + process::SETTINGS.len()
    + mirror::SETTINGS.len();

/// Every setting.
pub const SETTINGS: &[Setting] = &all::<NUMBER>(PARTS);

/// The setting with that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Setting> {
    service::settings::find(SETTINGS, name)
}
