//! Many configurations, each many times: streamed to a file that appears whole, resumable to the same bytes.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use daotwin_core::{Run, files};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::ensemble::{BLOCK, Model, Progress, results};
use super::summary::Summary;
use crate::{Error, Result};

#[cfg(test)]
mod test;

/// Models that are in memory at once, at most, where their replicates alone do not keep the threads busy.
const TOGETHER: u64 = 64;

/// What a sweep runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The model and its version, as the file shall name it.
    pub model: String,
    /// The seed; every configuration has the same draws, so that differences between them are not chance.
    pub seed: u64,
    /// How many configurations.
    pub configurations: u64,
    /// How often each is run.
    pub replicates: u64,
    /// After how many configurations what is done is written down.
    pub checkpoint: u64,
}

/// Every combination of values on named axes, over a base; the last axis changes fastest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    /// The parameters that do not change, as an object.
    pub base: Map<String, Value>,
    /// Name (`quorum_millionths`, or `population.agents` for a part of a part) and values of each axis.
    pub axes: Vec<(String, Vec<Value>)>,
}

impl Grid {
    /// How many combinations; none if an axis has no value.
    pub fn len(&self) -> u64 {
        self.axes.iter().fold(1, |product: u64, (_, values)| product.saturating_mul(values.len() as u64))
    }

    /// Whether an axis has no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One combination, as parameters.
    ///
    /// # Errors
    /// [`Error::Parameters`] where the number is past the end or the parameters do not take these names and values.
    pub fn configuration<C: for<'a> Deserialize<'a>>(&self, number: u64) -> Result<C> {
        let refuse = |what: String| Error::Parameters { problems: vec![what] };
        if number >= self.len() {
            return Err(refuse(format!("configuration {number} of a grid of {}", self.len())));
        }
        let mut object = self.base.clone();
        let mut rest = number;
        for (name, values) in self.axes.iter().rev() {
            let count = values.len() as u64;
            let value = &values[(rest % count) as usize];
            rest /= count;
            let mut place = &mut object;
            let mut parts = name.split('.').peekable();
            while let Some(part) = parts.next() {
                if parts.peek().is_none() {
                    place.insert(part.to_owned(), value.clone());
                    break;
                }
                let inner = place.entry(part).or_insert_with(|| Value::Object(Map::new()));
                place = inner.as_object_mut().ok_or_else(|| {
                    refuse(format!("axis `{name}`: `{part}` is a value, not a group of parameters"))
                })?;
            }
        }
        serde_json::from_value(Value::Object(object))
            .map_err(|error| refuse(format!("configuration {number}: {error}")))
    }
}

/// Runs every configuration of a plan and writes `target`: JSON lines, the plan first, then one line a configuration
/// with its parameters and each variable's summary (count, missing, mean and its standard error, standard deviation,
/// extremes, quantiles; all by operations that are the same on every machine).
///
/// What is done is kept in a folder beside `target` (`<target>.parts`) and removed at the end; a run that was
/// interrupted goes on from there when it is called with the same plan and configurations, to the same bytes. The
/// bytes depend neither on interruptions nor on the number of threads. Memory depends on neither configurations nor
/// replicates.
///
/// # Errors
/// [`Error::Parameters`] where a configuration is refused (all are asked for before the first is run, so that one that
/// `configuration` refuses costs no time) or the folder holds parts of another sweep,
/// [`daotwin_core::Error::Exists`] where `target` exists, [`daotwin_core::Error::Cancelled`], and failures of files.
pub fn sweep<C: Serialize, M: Model + Send>(
    plan: &Plan,
    configuration: impl Fn(u64) -> Result<C>,
    model: impl Fn(&C) -> Result<M>,
    target: &Path,
    run: &Run,
) -> Result<()> {
    let mut problems = vec![];
    for (name, value) in [
        ("configurations", plan.configurations),
        ("replicates", plan.replicates),
        ("checkpoint", plan.checkpoint),
    ] {
        if value == 0 {
            problems.push(format!("`{name}` is 0; give at least 1"));
        }
    }
    if !problems.is_empty() {
        return Err(Error::Parameters { problems });
    }
    if target.exists() {
        return Err(daotwin_core::Error::Exists { path: target.to_path_buf() }.into());
    }
    let fingerprint = fingerprint(plan, &configuration, run)?;
    let folder = parts(target);
    fs::create_dir_all(&folder).map_err(io("create", &folder))?;
    claim(&folder, &fingerprint)?;
    let total = plan.configurations.saturating_mul(plan.replicates);
    let progress = Progress { run, stage: "sweep", done: AtomicU64::new(0), total };
    let count = plan.configurations.div_ceil(plan.checkpoint);
    for part in 0..count {
        let first = part * plan.checkpoint;
        let end = plan.configurations.min(first + plan.checkpoint);
        let path = part_path(&folder, part);
        if !path.exists() {
            run.check()?;
            let mut lines = vec![];
            for_groups(plan, first..end, &configuration, &model, &progress, &mut lines)?;
            files::atomic_write(&path, &lines)?;
        }
        // Parts of an earlier call are done too.
        progress.done.store(end.saturating_mul(plan.replicates), Ordering::Relaxed);
    }
    files::atomic_write_with(target, |file| {
        let mut header =
            serde_json::to_vec(&json!({"plan": plan, "fingerprint": fingerprint})).map_err(internal)?;
        header.push(b'\n');
        file.write_all(&header).map_err(io("write", target))?;
        for part in 0..count {
            let path = part_path(&folder, part);
            let mut source = fs::File::open(&path).map_err(io("read", &path))?;
            std::io::copy(&mut source, file).map_err(io("write", target))?;
        }
        Ok::<(), Error>(())
    })?;
    fs::remove_dir_all(&folder).map_err(io("remove", &folder))?;
    Ok(())
}

/// The folder of what is done.
fn parts(target: &Path) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(".parts");
    PathBuf::from(name)
}

fn part_path(folder: &Path, part: u64) -> PathBuf {
    folder.join(format!("{part:010}.jsonl"))
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_path_buf();
    move |source| daotwin_core::Error::Io { action, path, source }.into()
}

fn internal(error: serde_json::Error) -> Error {
    Error::Parameters { problems: vec![format!("a configuration cannot be written as JSON: {error}")] }
}

/// What the bytes of the result depend on, besides the program: the plan and every configuration.
fn fingerprint<C: Serialize>(
    plan: &Plan,
    configuration: &impl Fn(u64) -> Result<C>,
    run: &Run,
) -> Result<String> {
    let mut hash = Sha256::new();
    // Another version may compute other numbers: its parts are not mixed with these.
    hash.update(concat!("daotwin sweep ", env!("CARGO_PKG_VERSION"), "\n"));
    hash.update(serde_json::to_vec(plan).map_err(internal)?);
    let mut problems = vec![];
    for number in 0..plan.configurations {
        if number % 4096 == 0 {
            run.check()?;
        }
        match configuration(number) {
            Ok(parameters) => {
                hash.update(b"\n");
                hash.update(serde_json::to_vec(&parameters).map_err(internal)?);
            }
            // A few are enough to see what is wrong with the rest.
            Err(error) if problems.len() < run.limits.max_problems as usize => {
                problems.push(error.to_string());
            }
            Err(_) => {}
        }
    }
    if problems.is_empty() {
        Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    } else {
        Err(Error::Parameters { problems })
    }
}

/// Makes sure that the folder's parts are this sweep's.
fn claim(folder: &Path, fingerprint: &str) -> Result<()> {
    let path = folder.join("fingerprint");
    match fs::read_to_string(&path) {
        Ok(found) if found == fingerprint => Ok(()),
        Ok(_) => Err(Error::Parameters {
            problems: vec![format!(
                "`{}` holds parts of a sweep with another plan or other configurations; remove it, or choose another target",
                folder.display()
            )],
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Ok(files::atomic_write(&path, fingerprint.as_bytes())?)
        }
        Err(error) => Err(io("read", &path)(error)),
    }
}

/// Runs configurations, so many at once that their replicates keep the threads busy, and appends their lines.
fn for_groups<C: Serialize, M: Model + Send>(
    plan: &Plan,
    range: std::ops::Range<u64>,
    configuration: &impl Fn(u64) -> Result<C>,
    model: &impl Fn(&C) -> Result<M>,
    progress: &Progress<'_>,
    lines: &mut Vec<u8>,
) -> Result<()> {
    let together = TOGETHER.div_ceil(plan.replicates);
    let mut first = range.start;
    while first < range.end {
        progress.run.check()?;
        let end = range.end.min(first + together);
        let configurations = (first..end).map(configuration).collect::<Result<Vec<C>>>()?;
        let models = configurations.iter().map(model).collect::<Result<Vec<M>>>()?;
        let mut summaries: Vec<Vec<Summary>> =
            models.iter().map(|model| vec![Summary::default(); model.variables().len()]).collect();
        // Blocks bound what waits in memory; the order of replicates is kept.
        let work = (end - first) * plan.replicates;
        let mut start = 0;
        while start < work {
            let stop = work.min(start + BLOCK);
            // Models of one kind have the same variables.
            let width = models.first().map_or(0, |model| model.variables().len());
            let block =
                results(start..stop, width, progress, |place, workspace: &mut M::Workspace, values| {
                    let model = &models[(place / plan.replicates) as usize];
                    model.replicate(plan.seed, place % plan.replicates, workspace, progress.run, values)
                })?;
            for (place, values) in (start..stop).zip(block) {
                let summaries = &mut summaries[(place / plan.replicates) as usize];
                summaries.iter_mut().zip(values).for_each(|(summary, value)| summary.add(value));
            }
            start = stop;
        }
        for (((number, parameters), model), summaries) in
            (first..end).zip(&configurations).zip(&models).zip(&summaries)
        {
            let variables: Map<String, Value> = model
                .variables()
                .iter()
                .zip(summaries)
                .map(|(name, summary)| ((*name).to_owned(), line(summary)))
                .collect();
            let value = json!({"configuration": number, "parameters": parameters, "variables": variables});
            serde_json::to_writer(&mut *lines, &value).map_err(internal)?;
            lines.push(b'\n');
        }
        first = end;
    }
    Ok(())
}

/// A summary as the file has it; what has no value is null.
fn line(summary: &Summary) -> Value {
    json!({
        "count": summary.count(),
        "missing": summary.missing(),
        "mean": summary.mean(),
        "standard_error": summary.standard_error(),
        "standard_deviation": summary.standard_deviation(),
        "min": summary.min(),
        "q05": summary.quantile(0.05),
        "q25": summary.quantile(0.25),
        "q50": summary.quantile(0.5),
        "q75": summary.quantile(0.75),
        "q95": summary.quantile(0.95),
        "max": summary.max(),
    })
}
