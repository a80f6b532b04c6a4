//! Whether the process can serve.

use tokio::sync::watch;

/// Where the process is in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Not yet: what it is doing.
    Starting(String),
    /// It serves.
    Ready,
    /// It ends: what is under way is finished, nothing new is begun.
    Draining,
}

/// The process's state, shared. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Readiness(watch::Sender<State>);

impl Readiness {
    /// Starting, with the first thing that is done.
    #[must_use]
    pub fn new(doing: impl Into<String>) -> Self {
        Self(watch::Sender::new(State::Starting(doing.into())))
    }

    /// Still starting, now with this.
    pub fn starting(&self, doing: impl Into<String>) {
        self.move_to(State::Starting(doing.into()));
    }

    /// From now on it serves, unless it is already draining.
    pub fn ready(&self) {
        self.move_to(State::Ready);
    }

    /// From now on it ends; there is no way back.
    pub fn draining(&self) {
        self.0.send_replace(State::Draining);
    }

    fn move_to(&self, state: State) {
        self.0.send_if_modified(|current| {
            let may = *current != State::Draining;
            if may {
                *current = state;
            }
            may
        });
    }

    /// The state now.
    #[must_use]
    pub fn state(&self) -> State {
        self.0.borrow().clone()
    }

    /// `None` if it serves, else why not, for people.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        match &*self.0.borrow() {
            State::Starting(doing) => Some(format!("not ready: {doing}")),
            State::Ready => None,
            State::Draining => Some("shutting down".to_owned()),
        }
    }

    /// Waits until it serves; `false` if it drains instead.
    pub async fn wait_ready(&self) -> bool {
        let mut receiver = self.0.subscribe();
        let end = receiver.wait_for(|state| !matches!(state, State::Starting(_))).await;
        end.is_ok_and(|state| *state == State::Ready)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_no_way_back_from_draining() {
        let readiness = Readiness::new("opening the bucket");
        assert_eq!(readiness.reason().as_deref(), Some("not ready: opening the bucket"));
        readiness.ready();
        assert_eq!(readiness.reason(), None);
        readiness.draining();
        readiness.ready();
        assert_eq!(readiness.state(), State::Draining);
    }
}
