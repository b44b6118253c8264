//! The lock of a stack's folder: a folder belongs to one running stack at a time.

use std::fs::{self, File, TryLockError};
use std::io::{Seek, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::postgres;

/// Takes the lock of the folder, which is held until the last process of the stack is gone. The lock's file names the process that holds
/// the lock.
pub(crate) fn lock(folder: &Path) -> Result<File> {
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let path = folder.join("lock");
    let mut file = File::options().create(true).read(true).write(true).truncate(false).open(&path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let holder = fs::read_to_string(&path).unwrap_or_default();
            bail!("the stack in {} is running already, as process {}: `make down` stops it", folder.display(), holder.trim())
        }
        Err(TryLockError::Error(error)) => return Err(error).with_context(|| format!("{} cannot be locked", path.display())),
    }
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())?;
    Ok(file)
}

/// The process that runs the stack in `folder`, if there is one.
///
/// # Errors
/// When the lock of the folder cannot be read.
pub fn running_process(folder: &Path) -> Result<Option<i32>> {
    let path = folder.join("lock");
    let Ok(file) = File::open(&path) else { return Ok(None) };
    match file.try_lock() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => {
            let holder = fs::read_to_string(&path)?;
            Ok(Some(holder.trim().parse().with_context(|| format!("{} does not name a process", path.display()))?))
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("{} cannot be locked", path.display())),
    }
}

/// Removes the data and the logs of the stack in `folder`.
///
/// # Errors
/// When the stack is running, or something cannot be removed.
pub fn remove_data(folder: &Path) -> Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    let _lock = lock(folder)?;
    let postgres = postgres::data_folder(folder);
    for path in [postgres.as_path(), folder] {
        if path.exists() {
            fs::remove_dir_all(path).with_context(|| format!("{} cannot be removed", path.display()))?;
        }
    }
    Ok(())
}
