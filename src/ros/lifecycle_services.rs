//! The services and the topic of a managed node: `~/change_state`, `~/get_state`, `~/get_available_states`,
//! `~/get_available_transitions`, `~/get_transition_graph` and `~/transition_event`.

use r2r::lifecycle_msgs::msg;
use r2r::lifecycle_msgs::srv::{
    ChangeState, GetAvailableStates, GetAvailableTransitions, GetState,
};
use r2r::{QosProfile, ServiceRequest};

use super::requests::{Requests, respond};
use crate::clock::Clock;
use crate::control::{Completion, Lifecycle, State, TRANSITIONS, Transition};
use crate::errors::ConfigErrors;

/// The state machine, and everyone who asks for a transition or wants to know of one.
pub struct LifecycleServices {
    machine: Lifecycle,
    clock: Clock,
    under_way: Option<ServiceRequest<ChangeState::Service>>,
    change: Requests<ChangeState::Service>,
    get_state: Requests<GetState::Service>,
    get_states: Requests<GetAvailableStates::Service>,
    get_transitions: Requests<GetAvailableTransitions::Service>,
    get_graph: Requests<GetAvailableTransitions::Service>,
    events: r2r::Publisher<msg::TransitionEvent>,
}

impl LifecycleServices {
    /// Offers the services, of a node that is unconfigured.
    ///
    /// # Errors
    /// The service or topic that ROS refuses.
    pub fn new(node: &mut r2r::Node, clock: &Clock) -> Result<Self, ConfigErrors> {
        let topic = "~/transition_event";
        let events = node
            .create_publisher(topic, QosProfile::default())
            .map_err(|e| format!("topic {topic}: cannot publish: {e}"))?;
        Ok(Self {
            machine: Lifecycle::default(),
            clock: clock.clone(),
            under_way: None,
            change: Requests::new(node, "~/change_state")?,
            get_state: Requests::new(node, "~/get_state")?,
            get_states: Requests::new(node, "~/get_available_states")?,
            get_transitions: Requests::new(node, "~/get_available_transitions")?,
            get_graph: Requests::new(node, "~/get_transition_graph")?,
            events,
        })
    }

    /// The state now.
    pub fn state(&self) -> State {
        self.machine.state()
    }

    /// Answers every request that has arrived. One that begins a transition is answered when that has ended; the state that
    /// it leads to is returned, and its work is to be begun.
    pub fn answer(&mut self) -> Option<State> {
        let mut begun = None;
        while let Some(request) = self.change.next() {
            let asked = &request.message.transition;
            match self.machine.begin(asked.id, &asked.label) {
                Ok(transition) => {
                    self.tell(transition);
                    begun = Some(transition.goal);
                    self.under_way = Some(request);
                }
                Err(why) => {
                    log::warn!("{why}");
                    respond(request, ChangeState::Response { success: false });
                }
            }
        }
        let machine = &self.machine;
        self.get_state.answer(|_| GetState::Response {
            current_state: state(machine.state()),
        });
        self.get_states.answer(|_| GetAvailableStates::Response {
            available_states: State::ALL.map(state).to_vec(),
        });
        self.get_transitions
            .answer(|_| GetAvailableTransitions::Response {
                available_transitions: machine.available().map(description).collect(),
            });
        self.get_graph
            .answer(|_| GetAvailableTransitions::Response {
                available_transitions: TRANSITIONS.iter().map(description).collect(),
            });
        begun
    }

    /// Begins a transition that the node asks for itself, by its label. Returns the state that it leads to; `None` where
    /// another one has been begun already.
    pub fn begin(&mut self, label: &str) -> Option<State> {
        let transition = self.machine.begin(0, label).ok()?;
        self.tell(transition);
        Some(transition.goal)
    }

    /// Ends the transition that is under way, and tells whoever asked for it.
    pub fn complete(&mut self, completion: Completion) {
        if let Some(transition) = self.machine.complete(completion) {
            self.tell(transition);
        }
        if let Some(request) = self.under_way.take() {
            let success = completion == Completion::Success;
            respond(request, ChangeState::Response { success });
        }
    }

    fn tell(&self, transition: &Transition) {
        let event = msg::TransitionEvent {
            timestamp: self.clock.now().nanos().max(0) as u64,
            transition: named(transition),
            start_state: state(transition.start),
            goal_state: state(transition.goal),
        };
        if let Err(e) = self.events.publish(&event) {
            log::warn!("topic ~/transition_event: cannot publish: {e}");
        }
    }
}

fn state(state: State) -> msg::State {
    msg::State {
        id: state.id(),
        label: state.label().to_owned(),
    }
}

fn named(transition: &Transition) -> msg::Transition {
    msg::Transition {
        id: transition.id,
        label: transition.label.to_owned(),
    }
}

fn description(transition: &Transition) -> msg::TransitionDescription {
    msg::TransitionDescription {
        transition: named(transition),
        start_state: state(transition.start),
        goal_state: state(transition.goal),
    }
}
