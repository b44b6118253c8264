//! What stands in for Slack: it takes what Alertmanager posts, and knows what was told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::http::serve;

/// The titles of everything that was posted, in order: `firing: OrderstreamStalled`.
#[derive(Debug, Clone)]
pub struct Receiver {
    titles: Arc<Mutex<Vec<String>>>,
    address: SocketAddr,
}

impl Receiver {
    /// Begins to listen.
    pub fn start() -> Self {
        let titles = Arc::<Mutex<Vec<String>>>::default();
        let noted = Arc::clone(&titles);
        let address = serve(move |body| {
            let posted: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{body}: {error}"));
            let title = posted["attachments"][0]["title"].as_str().unwrap_or_default().to_owned();
            noted.lock().unwrap_or_else(PoisonError::into_inner).push(title);
            "ok".to_owned()
        });
        Self { titles, address }
    }

    /// The address of the webhook.
    pub fn url(&self) -> String {
        format!("http://{}/services/x", self.address)
    }

    /// How much was told so far.
    pub fn len(&self) -> usize {
        self.titles().len()
    }

    /// What was told after the first `since` titles.
    pub fn told(&self, since: usize) -> Vec<String> {
        self.titles()[since..].to_vec()
    }

    fn titles(&self) -> MutexGuard<'_, Vec<String>> {
        self.titles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
