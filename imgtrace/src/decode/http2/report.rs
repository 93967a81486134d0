//! Where the parts of the parser put what they find.

use super::event::Event;
use crate::decode::Direction;
use crate::model::Stamp;
use crate::observation::Anomaly;

/// The events of one piece of a direction.
pub(super) struct Report<'a> {
    /// The direction.
    pub(super) direction: Direction,
    /// When the piece was read.
    pub(super) at: Stamp,
    pub(super) out: &'a mut Vec<Event>,
}

impl Report<'_> {
    pub(super) fn anomaly(&mut self, anomaly: Anomaly) {
        self.out.push(Event::Anomaly(anomaly));
    }

    pub(super) fn interrupted(&mut self) {
        self.out.push(Event::Interrupted {
            direction: self.direction,
            at: self.at,
        });
    }
}
