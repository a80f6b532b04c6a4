//! Named tasks, each awaited by their owner.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use tokio::task::{Id, JoinError, JoinSet};

/// What a vital task may end with.
pub type TaskResult = Result<(), Box<dyn Error + Send + Sync>>;

/// The tasks of a process: each has a name, none is forgotten.
///
/// A *vital* task must not end before [`Tasks::finish`]: its error, panic or early end is the process's [`Failure`].
/// Any other task may end when it is done; only its panic is a failure.
#[derive(Default)]
pub struct Tasks {
    set: JoinSet<TaskResult>,
    tasks: HashMap<Id, Task>,
}

#[derive(Clone, Copy)]
struct Task {
    name: &'static str,
    vital: bool,
}

/// A task that ended as it should not have.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("task {task} {cause}")]
pub struct Failure {
    /// The task's name.
    pub task: &'static str,
    /// How it ended.
    pub cause: Cause,
}

/// How a task failed.
#[derive(Debug, PartialEq, Eq)]
pub enum Cause {
    /// With an error.
    Error(String),
    /// With a panic.
    Panic(String),
    /// Without an error, though the process needs it.
    EndedEarly,
    /// Not at all within the time that it was given.
    TimedOut,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(error) => write!(f, "failed: {error}"),
            Self::Panic(message) => write!(f, "panicked: {message}"),
            Self::EndedEarly => f.write_str("ended although the process needs it"),
            Self::TimedOut => f.write_str("did not end within the grace period"),
        }
    }
}

impl Tasks {
    /// No tasks.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a task that may end when it is done.
    pub fn spawn(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.start(Task { name, vital: false }, async move {
            task.await;
            Ok(())
        });
    }

    /// Starts a task that the process cannot do without.
    pub fn spawn_vital(
        &mut self,
        name: &'static str,
        task: impl Future<Output = TaskResult> + Send + 'static,
    ) {
        self.start(Task { name, vital: true }, task);
    }

    fn start(&mut self, task: Task, future: impl Future<Output = TaskResult> + Send + 'static) {
        let id = self.set.spawn(future).id();
        self.tasks.insert(id, task);
    }

    /// Waits for the first failure; for ever if there is none. Cancel-safe.
    pub async fn failed(&mut self) -> Failure {
        loop {
            match self.set.join_next_with_id().await {
                None => std::future::pending().await,
                Some(end) => {
                    if let Some(failure) = self.judge(end, true) {
                        return failure;
                    }
                }
            }
        }
    }

    /// Waits until all tasks have ended, at most `grace`, then aborts the rest. Ending is what they should do now:
    /// the failures are errors, panics and those that did not.
    pub async fn finish(&mut self, grace: Duration) -> Vec<Failure> {
        let mut failures = Vec::new();
        let all = async {
            while let Some(end) = self.set.join_next_with_id().await {
                failures.extend(judge(&mut self.tasks, end, false));
            }
        };
        if tokio::time::timeout(grace, all).await.is_err() {
            failures.extend(
                self.tasks.drain().map(|(_, task)| Failure { task: task.name, cause: Cause::TimedOut }),
            );
            self.set.shutdown().await;
        }
        failures
    }

    fn judge(&mut self, end: Result<(Id, TaskResult), JoinError>, early: bool) -> Option<Failure> {
        judge(&mut self.tasks, end, early)
    }
}

fn judge(
    tasks: &mut HashMap<Id, Task>,
    end: Result<(Id, TaskResult), JoinError>,
    early: bool,
) -> Option<Failure> {
    let id = end.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
    let task = tasks.remove(&id)?;
    let cause = match end {
        Ok((_, Err(error))) => Cause::Error(chain(error.as_ref())),
        Ok((_, Ok(()))) if early && task.vital => Cause::EndedEarly,
        Err(error) if error.is_panic() => Cause::Panic(panic_text(error.into_panic().as_ref())),
        Ok((_, Ok(()))) | Err(_) => return None,
    };
    Some(Failure { task: task.name, cause })
}

/// An error with its causes, as one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

/// What a panic said.
pub(crate) fn panic_text(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "(no text)".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_vital_tasks_end_is_a_failure_with_its_name() {
        let mut tasks = Tasks::new();
        tasks.spawn("chore", async {});
        tasks.spawn_vital("listener", async { Err("no more sockets".into()) });
        let failure = tasks.failed().await;
        assert_eq!(failure.to_string(), "task listener failed: no more sockets");

        tasks.spawn_vital("writer", async { Ok(()) });
        assert_eq!(tasks.failed().await, Failure { task: "writer", cause: Cause::EndedEarly });
    }

    #[tokio::test]
    async fn a_panic_of_any_task_is_a_failure() {
        let mut tasks = Tasks::new();
        tasks.spawn("chore", async { panic!("at the disco") });
        assert_eq!(tasks.failed().await.to_string(), "task chore panicked: at the disco");
    }

    #[tokio::test(start_paused = true)]
    async fn finish_names_those_that_do_not_end() {
        let mut tasks = Tasks::new();
        tasks.spawn_vital("good", async { Ok(()) });
        tasks.spawn("stuck", std::future::pending());
        let failures = tasks.finish(Duration::from_secs(30)).await;
        assert_eq!(failures, [Failure { task: "stuck", cause: Cause::TimedOut }]);
    }
}
