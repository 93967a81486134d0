//! Which colour means what. The sixteen colours that every terminal has, so that its own theme
//! decides how they look.

use anstyle::{AnsiColor, Style};

/// What the eye may skip: times, ancestors.
pub(super) const DIM: Style = Style::new().dimmed();
/// The word that says what happened.
pub(super) const OP: Style = Style::new().bold();
/// It worked.
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
/// It failed.
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
/// Neither is known, or something deserves a look.
pub(super) const UNSURE: Style = AnsiColor::Yellow.on_default();
/// A finding that costs something or gives power.
pub(super) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// The container or pod that a caller sits in.
pub(super) const PLACE: Style = AnsiColor::Cyan.on_default().bold();
/// Everything else.
pub(super) const PLAIN: Style = Style::new();
