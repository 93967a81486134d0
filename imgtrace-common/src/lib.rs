#![no_std]
//! What crosses from the kernel programs to user space.
