//! What the tests share with those of the whole stack: topics, and events.

#[path = "../shop/poison.rs"]
pub mod poison;
#[path = "../shop/topic.rs"]
pub mod topic;
