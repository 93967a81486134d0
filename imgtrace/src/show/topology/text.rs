//! `-o text`: sections for people, readable at 100 columns.

mod daemons;
mod page;
mod sockets;
mod stores;

use self::page::Page;
use crate::model::{Answer, Topology};
use crate::show::Settings;
use crate::show::palette::{GOOD, OP, UNSURE};

/// Where answers begin.
const ANSWER: usize = 6;

/// Where what was not seen begins.
const UNSEEN: usize = 5;

/// Appends everything that is known.
pub fn render(settings: &Settings, topology: &Topology, out: &mut Vec<u8>) {
    let mut page = Page::new(settings.colour, settings.columns, out);
    sockets::render(&mut page, settings, topology);
    daemons::render(&mut page, topology);
    stores::render(&mut page, settings, topology);
    page.heading("questions", "");
    for (number, answer) in (1..).zip(&topology.answers) {
        question(&mut page, number, answer);
    }
    if !topology.missing.is_empty() {
        page.heading("not seen", "");
        for sentence in &topology.missing {
            let mut line = page.line();
            line.plain("   · ");
            page.words(line, UNSURE, sentence, UNSEEN);
        }
    }
}

fn question(page: &mut Page<'_>, number: usize, answer: &Answer) {
    let mut line = page.line();
    line.plain(&format!("  {number}.  "))
        .push(OP, answer.question.sentence());
    page.finish(line);
    let style = if answer.value.is_some() { GOOD } else { UNSURE };
    let mut line = page.line();
    line.pad_to(ANSWER);
    page.words(line, style, &answer.text, ANSWER);
    for sentence in &answer.evidence {
        page.evidence(sentence);
    }
}

/// `1 image`, `3 images`.
fn count(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}
