//! The bounded queue between the poll thread and the worker of one partition (P10).
//!
//! While the inbox is full, further records wait in the client, which then fetches no more of this partition.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::Thread;

use tokio::sync::Notify;

use change::record::Record;

/// The memory that a waiting record costs beside its bytes: the struct, its allocations, its place in the queue.
const RECORD_OVERHEAD: usize = 160;

/// What [`Inbox::recv_batch`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// Every record below this offset is now in this batch or came before. The batch may be empty, because the last offsets of a log may
    /// hold no record.
    UpTo(i64),
    /// The partition is no longer read: nothing comes after this.
    Closed,
}

/// The worker's end of the queue, which gives batches of what has arrived.
#[derive(Debug)]
pub struct Inbox {
    shared: Arc<Shared>,
}

/// The poll thread's end of the queue. If it is dropped, the inbox is closed, so that no worker outlives a source that died (P9).
#[derive(Debug)]
pub(super) struct Feed {
    shared: Arc<Shared>,
}

/// The limits of a queue. The queue is full when either is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) bytes: usize,
    pub(super) records: usize,
}

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    arrived: Notify,
    /// The thread that fills the queue, and sleeps while there is nothing to do.
    feeder: Thread,
}

#[derive(Debug)]
struct Queue {
    records: VecDeque<Record>,
    bytes: usize,
    marks: Marks,
    /// Between the last record and this offset stands no other record.
    empty_up_to: Option<i64>,
    closed: bool,
}

/// An empty inbox and the end that fills it. The feeder is woken when a full inbox has room again.
pub(super) fn bounded(marks: Marks, feeder: Thread) -> (Feed, Inbox) {
    let queue = Queue { records: VecDeque::new(), bytes: 0, marks, empty_up_to: None, closed: false };
    let shared = Arc::new(Shared { queue: Mutex::new(queue), arrived: Notify::new(), feeder });
    (Feed { shared: Arc::clone(&shared) }, Inbox { shared })
}

impl Inbox {
    /// Waits for the first record, then appends what has arrived, up to `max_records` and `max_bytes`. A single larger record still passes.
    /// The inbox does not linger: batches are small when idle and big under load. If the future is dropped, nothing is lost.
    pub async fn recv_batch(&self, max_records: usize, max_bytes: usize, into: &mut Vec<Record>) -> Received {
        loop {
            let (received, has_room_again) = self.shared.take(max_records, max_bytes, into);
            if has_room_again {
                self.shared.feeder.unpark();
            }
            if let Some(received) = received {
                return received;
            }
            self.shared.arrived.notified().await;
        }
    }
}

impl Feed {
    /// Appends the records, also to a full queue, because what was taken from the client has to go somewhere.
    pub(super) fn push(&self, records: &mut Vec<Record>) {
        let mut queue = self.shared.lock();
        if queue.closed {
            records.clear();
            return;
        }
        queue.bytes += records.iter().map(weight).sum::<usize>();
        queue.records.extend(records.drain(..));
        // The new records stand behind the empty range.
        queue.empty_up_to = None;
        drop(queue);
        self.shared.arrived.notify_one();
    }

    /// Notes that no record stands between the last one and `offset`.
    pub(super) fn nothing_up_to(&self, offset: i64) {
        self.shared.lock().empty_up_to = Some(offset);
        self.shared.arrived.notify_one();
    }

    /// The room that is left until the queue is full; `None` if it is full.
    pub(super) fn room(&self) -> Option<Marks> {
        let queue = self.shared.lock();
        let Marks { bytes, records } = queue.marks;
        (!queue.is_full()).then(|| Marks { bytes: bytes - queue.bytes, records: records - queue.records.len() })
    }

    /// Changes the limits, because the budget of all inboxes is shared by the partitions that are owned now.
    pub(super) fn set_marks(&self, marks: Marks) {
        self.shared.lock().marks = marks;
    }

    /// Closes the inbox. Records that still wait are dropped: whoever claims the partition next reads them again (P3).
    pub(super) fn close(&self) {
        let mut queue = self.shared.lock();
        queue.closed = true;
        queue.records = VecDeque::new();
        queue.bytes = 0;
        drop(queue);
        self.shared.arrived.notify_one();
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a batch; `None` if the caller has to wait. Also returns whether the queue was full before and has room now.
    fn take(&self, max_records: usize, max_bytes: usize, into: &mut Vec<Record>) -> (Option<Received>, bool) {
        let mut queue = self.lock();
        let was_full = queue.is_full();
        let received = queue.take(max_records, max_bytes, into);
        (received, was_full && !queue.is_full())
    }
}

impl Queue {
    fn is_full(&self) -> bool {
        self.bytes >= self.marks.bytes || self.records.len() >= self.marks.records
    }

    /// Takes a batch; `None` if the caller has to wait.
    fn take(&mut self, max_records: usize, max_bytes: usize, into: &mut Vec<Record>) -> Option<Received> {
        if self.closed {
            return Some(Received::Closed);
        }
        let Some(first) = self.records.front() else { return self.empty_up_to.take().map(Received::UpTo) };
        let mut bytes = first.size();
        let mut count = 1;
        for record in self.records.iter().skip(1).take(max_records.saturating_sub(1)) {
            bytes += record.size();
            if bytes > max_bytes {
                break;
            }
            count += 1;
        }
        into.reserve(count);
        for record in self.records.drain(..count) {
            self.bytes -= weight(&record);
            into.push(record);
        }
        into.last().map(|last| Received::UpTo(last.offset + 1))
    }
}

/// The bytes that a record counts against the limits.
pub(super) fn weight(record: &Record) -> usize {
    record.size() + RECORD_OVERHEAD
}

#[cfg(test)]
mod tests;
