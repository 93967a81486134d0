//! The daemons: program, version, place, command line.

use super::super::program;
use super::page::Page;
use crate::model::{Caller, Daemon, Topology};
use crate::show::palette::{DIM, PLACE};

/// The process that has started everything, and says nothing.
const INIT: u32 = 1;

pub(super) fn render(page: &mut Page<'_>, topology: &Topology) {
    if topology.servers.is_empty() {
        return;
    }
    page.heading("daemons", "");
    for daemon in &topology.servers {
        render_one(page, daemon);
    }
}

fn render_one(page: &mut Page<'_>, daemon: &Daemon) {
    let mut line = page.line();
    line.plain("  ")
        .plain(program(daemon).unwrap_or("not known"));
    if let Some(version) = &daemon.version {
        line.plain(" ").plain(version);
    }
    line.push(DIM, &format!("  pid {}", daemon.key.pid));
    if let Some(place) = daemon.process.as_ref().and_then(Caller::place) {
        line.push(DIM, "  in ").push(PLACE, &place);
    }
    let ids = daemon.sockets.iter().map(ToString::to_string);
    let ids: Vec<String> = ids.collect();
    line.push(DIM, &format!("  serves {}", ids.join(", ")));
    page.finish(line);
    let Some(process) = &daemon.process else {
        return;
    };
    let first = process.args.iter().flatten().next();
    if let Some(exe) = process.exe.as_ref().filter(|exe| Some(*exe) != first) {
        page.labelled("program", exe);
    }
    if let Some(args) = &process.args {
        let cut = if daemon.args_cut { " …" } else { "" };
        page.labelled("command", &format!("{}{cut}", args.join(" ")));
    }
    if let Some(parent) = process.ancestors.first().filter(|it| it.key.pid != INIT) {
        page.labelled(
            "parent",
            &format!("{} (pid {})", parent.comm, parent.key.pid),
        );
    }
}
