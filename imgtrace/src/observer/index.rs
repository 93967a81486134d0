//! Images that come and go in stores whose programs ask nobody: a thread that waits for changes of
//! the indexes.

use std::{io, time::Duration};

use tokio::sync::mpsc::Sender;

use super::mounts::{Doer, News};
use crate::store::containers_storage::index::{Event, Guide, Indexes};

/// How long the thread sleeps while nothing changes.
const IDLE: Duration = Duration::from_hours(1);

/// Starts the thread; what it returns points it to stores and stops it.
///
/// # Errors
/// The kernel gives no descriptor, or no thread.
pub(super) fn watch(news: Sender<News>) -> io::Result<Guide> {
    let mut indexes = Indexes::open()?;
    let guide = indexes.guide();
    let tell = move |indexes: &mut Indexes, events: Vec<Event>| {
        let found = indexes.found().into_iter();
        let found = found.map(|(store, held)| News::IndexFound(Box::new(store), held));
        let events = events.into_iter().map(|event| {
            let by = event.writer.map(Doer::of);
            News::Indexed(Box::new(event), by)
        });
        let listed = indexes.listed().into_iter();
        let listed = listed.map(|(store, listing)| News::IndexListed(Box::new(store), listing));
        let mark = indexes.take_mark().then_some(News::IndexMarked);
        let all = found.chain(events).chain(listed).chain(mark);
        all.into_iter()
            .try_for_each(|told| news.blocking_send(told))
    };
    let thread = std::thread::Builder::new().name("images".to_owned());
    thread.spawn(move || {
        let mut goes_on = true;
        while goes_on {
            let mut events = Vec::new();
            goes_on = indexes.next(IDLE, &mut events);
            if !goes_on {
                // What has changed by now.
                indexes.next(Duration::ZERO, &mut events);
            }
            goes_on &= tell(&mut indexes, events).is_ok();
        }
    })?;
    Ok(guide)
}
