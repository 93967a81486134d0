//! What a whole-program test tells: clients run under imgtrace, the operations that they must have made, and the
//! complete list of those that imgtrace saw.

mod actor;
mod ground;
mod row;
mod secrets;
mod stage;

pub use actor::{Actor, Who, attempt, me, succeed, who};
pub use ground::Ground;
pub use row::Row;
pub use secrets::{Listeners, MARK, base64};
pub use stage::Stage;
