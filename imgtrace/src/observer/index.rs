//! Images that come and go in stores whose programs ask nobody: a thread that waits for changes of
//! the indexes, and what of them is observed.

use std::{io, time::Duration};

use tokio::sync::mpsc::Sender;

use super::{
    Observer,
    mounts::{Doer, News},
};
use crate::{
    observation::{Observation, Observed},
    store::containers_storage::index::{Change, Event, Guide, Indexes},
};

/// How long the thread sleeps while nothing changes.
const IDLE: Duration = Duration::from_hours(1);

/// Starts the thread; what it returns points it to stores and stops it.
///
/// # Errors
/// The kernel gives no descriptor, or no thread.
pub(super) fn watch(news: Sender<News>) -> io::Result<Guide> {
    let mut indexes = Indexes::open()?;
    let guide = indexes.guide();
    let tell = move |events: Vec<Event>| {
        events.into_iter().try_for_each(|event| {
            let by = event.writer.map(Doer::of);
            news.blocking_send(News::Indexed(Box::new(event), by))
        })
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
            goes_on &= tell(events).is_ok();
        }
    })?;
    Ok(guide)
}

impl Observer {
    /// Observes what has changed in an index.
    pub(super) fn indexed(&mut self, event: Event, by: Option<Doer>) {
        let at = self.clock.stamp(event.at);
        let Some(store) = self.store(event.store, at) else {
            return;
        };
        let writer = by.and_then(|by| self.doer(by));
        if let Some(writer) = writer {
            self.processes.say(writer, at, &mut self.out);
        }
        let renamed = matches!(event.change, Change::Named(_));
        let what = match event.change {
            Change::Appeared(image) | Change::Named(image) => Observation::ImageAppeared {
                store,
                image,
                renamed,
                already: false,
                writer,
            },
            Change::Vanished(image) => Observation::ImageVanished {
                store,
                image,
                writer,
            },
        };
        self.out.push(Observed { at, what });
    }
}
