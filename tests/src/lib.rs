//! The lab: throwaway container daemons for tests and demonstrations.
