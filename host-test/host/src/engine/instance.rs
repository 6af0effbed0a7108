//! One call after another on an instance, bounded in fuel, memory, tables and time.

use std::sync::Arc;

use serde_json::Value;
use tokio::{
    sync::{AcquireError, OwnedSemaphorePermit},
    time::timeout_at,
};
use wasmtime::{
    PoolConcurrencyLimitError, Store, StoreContextMut, Trap,
    component::{self, ResourceTableError, Val},
};

use super::{
    Action, CallError, Connector, Limits, Outcome, Outlet, Time,
    state::{Pauses, State},
};
use crate::{
    hiding::Hiding,
    json::{self, Answer, Form},
};

/// Room for an instance.
pub(super) type Place = Result<OwnedSemaphorePermit, AcquireError>;

/// An instance that is kept from one call to the next, which saves making it. What
/// a call leaves in its memory the next one finds there: use it only where all
/// calls may know of each other. [`Connector::call`] suits any.
///
/// The limits hold for each call. After one that did not end by itself, or left
/// resources, the next gets a new instance.
pub struct Instance {
    pub(super) connector: Connector,
    pub(super) limits: Limits,
    /// The place is given back last.
    pub(super) running: Option<(Store<State>, component::Instance, Place)>,
}

impl Instance {
    /// Carries out one call.
    ///
    /// # Errors
    /// As [`Connector::call`].
    pub async fn call(
        &mut self,
        action: &str,
        arguments: &Value,
        outlet: Outlet,
    ) -> Result<Outcome, CallError> {
        self.call_as(action, arguments, outlet).await
    }

    /// Carries out one call, and gives its result in this form.
    ///
    /// # Errors
    /// As [`Connector::call`].
    pub async fn call_as<T: Form>(
        &mut self,
        action: &str,
        arguments: &Value,
        outlet: Outlet,
    ) -> Result<Outcome<T>, CallError> {
        let given = self.give(action, arguments, outlet).await?;
        Ok(given.map(|answer| T::of(answer, Hiding::of(None, &[]))))
    }

    /// Carries out one call, whose result is not yet written.
    pub(crate) async fn give(
        &mut self,
        action: &str,
        arguments: &Value,
        outlet: Outlet,
    ) -> Result<Outcome<Answer>, CallError> {
        let Self { connector, limits, running } = self;
        let action = connector.action(action)?;
        let arguments = json::arguments(arguments, &action.params).map_err(CallError::Arguments)?;
        let deadline = Time::now() + limits.time;
        let late = |_| CallError::Limit(format!("took longer than {:?}", limits.time));
        let (place, mut store, instance) = match running.take() {
            Some((mut store, instance, place)) => {
                store.data_mut().reopen(outlet, deadline);
                (place, store, Some(instance))
            }
            None => {
                let place = Arc::clone(&connector.places).acquire_owned();
                let place = timeout_at(deadline, place).await.map_err(late)?;
                (place, connector.store(State::new(outlet, *limits, deadline)), None)
            }
        };
        // It can only fail on an engine that was configured without fuel.
        let _ = store.set_fuel(limits.fuel);
        store.set_epoch_deadline(1);
        let called = connector.run(&mut store, instance, action, &arguments);
        let (result, instance) = match timeout_at(deadline, called).await {
            Ok(Ok(ended)) => ended,
            Ok(Err(error)) => return Err(stopped(&error, store.data())),
            Err(elapsed) => return Err(late(elapsed)),
        };
        let fuel = limits.fuel - store.get_fuel().unwrap_or_default().min(limits.fuel);
        let memory = store.data().meter.memory;
        let resources_left = store.data_mut().table.iter_mut().count();
        *running = (resources_left == 0).then_some((store, instance, place));
        Ok(Outcome { result, fuel, memory, resources_left })
    }
}

impl Connector {
    fn store(&self, state: State) -> Store<State> {
        let most = state.meter.limits.memory;
        let mut store = Store::new(&self.engine, state);
        // What is small in the guest may be large here, and the same many times.
        store.set_hostcall_fuel(most);
        store.limiter(|state| &mut state.meter);
        store.epoch_deadline_async_yield_and_update(1);
        store.call_hook_async(Pauses);
        store
    }

    async fn run(
        &self,
        store: &mut Store<State>,
        instance: Option<component::Instance>,
        action: &Action,
        arguments: &[Val],
    ) -> wasmtime::Result<(Result<Answer, Value>, component::Instance)> {
        let instance = match instance {
            Some(instance) => instance,
            None => self.prepared.instantiate_async(&mut *store).await?,
        };
        let function = instance
            .get_func(&mut *store, action.export)
            .ok_or_else(|| wasmtime::Error::msg("the export is gone"))?;
        let mut results = vec![Val::Bool(false); usize::from(action.result.is_some())];
        function.call_async(StoreContextMut::from(store), arguments, &mut results).await?;
        let result = match results.pop() {
            Some(Val::Result(Ok(value))) => Ok(Answer(value.map(|value| *value))),
            Some(Val::Result(Err(error))) => {
                Err(error.map_or(Value::Null, |error| json::write(*error)))
            }
            value => Ok(Answer(value)),
        };
        Ok((result, instance))
    }
}

/// Why a guest did not come to its end.
fn stopped(error: &wasmtime::Error, state: &State) -> CallError {
    let limit = |what: &str| CallError::Limit(what.to_owned());
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => limit("used up its fuel"),
        _ if error.is::<PoolConcurrencyLimitError>() => {
            limit("is made of more parts than the host has room for at present")
        }
        _ if state.meter.denied => limit("asked for more memory or larger tables than it may have"),
        _ if matches!(error.downcast_ref(), Some(ResourceTableError::Full)) => {
            limit("held more resources than it may")
        }
        // Its type is not to be had.
        _ if error.root_cause().to_string().contains("fuel allocated for hostcalls") => {
            limit("gave or took more data than is copied for a call")
        }
        // Without the backtrace, which is of use only with the guest's source.
        _ => CallError::Trap(error.root_cause().to_string()),
    }
}
