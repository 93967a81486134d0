//! Which program is attached where.

use aya::programs::{BtfTracePoint, FExit};

use super::{Capture, ConnectHook, Error};

impl Capture {
    /// Attaches everything. Listeners that are to be watched from the first connection on must
    /// have been named by [`Self::watch`] before.
    ///
    /// # Errors
    ///
    /// If the kernel refuses a program that nothing else can replace.
    pub fn attach(&mut self) -> Result<(), Error> {
        for name in ["sched_process_exec", "consume_skb", "kfree_skb"] {
            self.attach_tracepoint(name)?;
        }
        self.attach_connect_hook();
        Ok(())
    }

    /// Attaches the connect hook, if the kernel took the program.
    pub(in crate::capture) fn attach_connect_hook(&mut self) {
        if let ConnectHook::Loaded(program) = &self.connect {
            self.connect = match program.attach() {
                Ok(attached) => ConnectHook::Attached(attached),
                Err(error) => ConnectHook::None(error.to_string()),
            };
        }
    }

    pub(in crate::capture) fn attach_tracepoint(
        &mut self,
        name: &'static str,
    ) -> Result<(), Error> {
        let failed = |error| Error::program(name, error);
        let program = self
            .ebpf
            .program_mut(name)
            .ok_or(Error::NotInObject(name))?;
        let program = <&mut BtfTracePoint>::try_from(program).map_err(failed)?;
        program.load(name, &self.kernel_types).map_err(failed)?;
        program.attach().map_err(failed)?;
        Ok(())
    }

    /// Attaches the hook that says who mounts, for kernels that do not notify of mounts.
    ///
    /// # Errors
    ///
    /// If the kernel refuses it: some allow no trampolines (`fexit`), arm64 has none before 6.4.
    pub fn attach_mount_hook(&mut self) -> Result<(), std::io::Error> {
        const NAME: &str = "vfs_create_mount";
        self.attach_exit(NAME).map_err(|error| match error {
            Error::Program { source, .. } => source,
            error => std::io::Error::other(error),
        })
    }

    fn attach_exit(&mut self, name: &'static str) -> Result<(), Error> {
        let failed = |error| Error::program(name, error);
        let program = self
            .ebpf
            .program_mut(name)
            .ok_or(Error::NotInObject(name))?;
        let program = <&mut FExit>::try_from(program).map_err(failed)?;
        program.load(name, &self.kernel_types).map_err(failed)?;
        program.attach().map_err(failed)?;
        Ok(())
    }
}
