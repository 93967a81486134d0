//! A screen for tests.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use super::Screen;

/// A screen that keeps what it is given.
#[derive(Clone, Debug, Default)]
pub(in crate::command) struct Paper(Rc<RefCell<Vec<u8>>>);

impl Screen for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(())
    }

    fn columns(&self) -> Option<usize> {
        None
    }
}

impl Paper {
    /// Everything so far.
    pub(in crate::command) fn text(&self) -> String {
        String::from_utf8(self.0.borrow().clone()).unwrap()
    }
}
