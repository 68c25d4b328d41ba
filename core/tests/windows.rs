//! Metric windows beside naive twins, over streams that are hard on them; and a policy that is fed by one.

use plimsoll_core::constrain::Bounds;
use plimsoll_core::hpa::{
    Applied, History, Hpa, Metric, MetricError, Observation, PodCount, Reading, Scale, Step, ValueSum,
};
use plimsoll_core::snapshot::SnapshotError;
use plimsoll_core::units::{Instant, Milli, Replicas, Span};
#[cfg(feature = "serde")]
use plimsoll_core::window::SlotMaximum;
use plimsoll_core::window::{
    Average, Ewma, ExactQuantiles, Forgetful, Held, Measurement, MinMax, Quantile, Rate, RelativeQuantiles, Timed,
    Window,
};
use proptest::prelude::*;

const QUANTILES: [Quantile; 3] = [Quantile::P50, Quantile::P95, Quantile::P99];
const SPAN: Span = Span::from_secs(60);

fn at(second: i64) -> Instant {
    Instant::from_secs(second)
}

/// Everything that was pushed and has not left, oldest first.
#[derive(Clone, Debug)]
struct Twin<V> {
    list: Vec<(Instant, Measurement<V>)>,
    room: usize,
    span: Option<Span>,
}

impl<V: Copy> Twin<V> {
    fn new(room: usize, span: Option<Span>) -> Self {
        Self { list: Vec::new(), room, span }
    }

    fn at(&mut self, now: Instant) {
        self.list.iter_mut().for_each(|(at, _)| *at = (*at).min(now));
        if let Some(span) = self.span {
            self.list.retain(|(at, _)| now.since(*at) < span);
        }
    }

    fn push(&mut self, now: Instant, measurement: Measurement<V>) {
        self.at(now);
        self.list.push((now, measurement));
        let over = self.list.len().saturating_sub(self.room);
        self.list.drain(..over);
    }

    fn values(&self) -> Vec<(Instant, V)> {
        let value = |entry: &(Instant, Measurement<V>)| match entry.1 {
            Measurement::Present(value) => Some((entry.0, value)),
            _ => None,
        };
        self.list.iter().filter_map(value).collect()
    }

    fn held(&self) -> Held {
        let mut held = Held { newest: self.values().last().map(|(at, _)| *at), ..Held::default() };
        for (_, measurement) in &self.list {
            *match measurement {
                Measurement::Present(_) => &mut held.present,
                Measurement::Missing => &mut held.missing,
                Measurement::Stale => &mut held.stale,
                Measurement::Invalid => &mut held.invalid,
            } += 1;
        }
        held
    }
}

impl<V: Copy + PartialOrd> Twin<V> {
    fn quantile(&self, quantile: Quantile) -> Option<V> {
        let mut values: Vec<V> = self.values().into_iter().map(|(_, value)| value).collect();
        values.sort_by(|a, b| a.partial_cmp(b).expect("numbers"));
        let rank = (values.len() * usize::from(quantile.ten_thousandths())).div_ceil(10_000);
        rank.checked_sub(1).map(|place| values[place])
    }
}

/// Pushes, with the seconds since the one before; negative when time runs back.
type Stream = Vec<(i64, Measurement<u32>)>;

/// Rising, falling, constant, saw-tooth, few values, any values; time that goes on, stands, leaps (all expires at once)
/// or runs back; now and then no value.
fn streams() -> impl Strategy<Value = Stream> {
    let gap = prop_oneof![8 => 0i64..4, 2 => Just(0), 1 => 20i64..100, 1 => -30i64..0];
    let gone = prop_oneof![
        12 => Just(None),
        1 => Just(Some(Measurement::Missing)),
        1 => Just(Some(Measurement::Stale)),
        1 => Just(Some(Measurement::Invalid)),
    ];
    (0u8..6, 1u32..1_000_000, prop::collection::vec((gap, gone, any::<u32>()), 1..250)).prop_map(
        |(shape, step, steps)| {
            let value = |i: u32, random: u32| match shape {
                0 => i * step,
                1 => (1000 - i) * step,
                2 => step,
                3 => (i % 17) * step,
                4 => random % 5,
                _ => random >> (random % 32),
            };
            let push = |(i, (gap, gone, random)): (u32, (i64, Option<_>, u32))| {
                (gap, gone.unwrap_or(Measurement::Present(value(i, random))))
            };
            (0..).zip(steps).map(push).collect()
        },
    )
}

/// What a window needs to be written as JSON.
#[cfg(feature = "serde")]
trait Written: serde::Serialize + serde::de::DeserializeOwned {}
#[cfg(feature = "serde")]
impl<W: serde::Serialize + serde::de::DeserializeOwned> Written for W {}
#[cfg(not(feature = "serde"))]
trait Written {}
#[cfg(not(feature = "serde"))]
impl<W> Written for W {}

/// The window as its own text gives it back; without serde itself.
#[cfg(feature = "serde")]
fn read_back<W: Written + Clone>(window: &W) -> W {
    serde_json::from_str(&serde_json::to_string(window).expect("a window")).expect("our own text")
}
#[cfg(not(feature = "serde"))]
fn read_back<W: Written + Clone>(window: &W) -> W {
    window.clone()
}

/// Pushes a stream to a window over the last measurements, and to one in time, each beside its twin; `same` compares
/// after each push. At the end both are saved and restored, and go on.
fn beside<W, V, const N: usize>(
    stream: &Stream,
    new: fn() -> W,
    convert: fn(u32) -> V,
    same: fn(&W, &Twin<V>) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError>
where
    W: Window<Value = V> + Forgetful + Clone + PartialEq + std::fmt::Debug + Written,
    V: Copy + std::fmt::Debug,
{
    let (mut last, mut twin) = (new(), Twin::new(N, None));
    let mut timed = Timed::<W, N>::new(new(), SPAN).expect("a span");
    let mut timed_twin = Twin::new(N, Some(SPAN));
    let (mut now, mut bytes) = (at(0), vec![0; Timed::<W, N>::saved_size()]);
    for (turn, (gap, measurement)) in stream.iter().enumerate() {
        now = at(now.as_nanos() / 1_000_000_000 + gap);
        let measurement = measurement.map(convert);
        last.push(now, measurement);
        twin.push(now, measurement);
        prop_assert_eq!(last.held().total() as usize, twin.list.len());
        // What came later than now counts as seen now; a window without times need not know that of a gap's value.
        prop_assert_eq!(last.held(), twin.held());
        same(&last, &twin)?;
        if turn % 3 == 0 {
            // Between two pushes time goes on.
            let later = now + Span::from_secs(turn as u64 % 40);
            now = later;
            timed_twin.at(later);
            same(timed.at(later), &timed_twin)?;
        }
        timed.push(now, measurement);
        timed_twin.push(now, measurement);
        prop_assert_eq!(timed.held(), timed_twin.held());
        same(timed.window(), &timed_twin)?;
        let oldest = timed_twin.list.first().map(|(at, _)| *at + SPAN);
        prop_assert_eq!(timed.revisit_at(), oldest);
        if turn % 50 == 49 || turn + 1 == stream.len() {
            let length = last.save(&mut bytes).expect("room");
            let restored = W::restore(&bytes[..length]).expect("what was saved");
            prop_assert_eq!(&restored, &last);
            same(&restored, &twin)?;
            last = read_back(&restored);
            prop_assert_eq!(&last, &restored);
            same(&last, &twin)?;
            let length = timed.save(&mut bytes).expect("room");
            let restored = Timed::<W, N>::restore(&bytes[..length]).expect("what was saved");
            prop_assert_eq!(&restored, &timed);
            timed = read_back(&restored);
            prop_assert_eq!(&timed, &restored);
            same(timed.window(), &timed_twin)?;
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn exact_quantiles_are_those_of_the_sorted_list(stream in streams()) {
        fn same<const N: usize>(window: &ExactQuantiles<N, 3>, twin: &Twin<u32>) -> Result<(), TestCaseError> {
            let clipped = |q| twin.quantile(q).map(|value| value.min(u32::MAX - 4));
            prop_assert_eq!(window.quantiles(), clipped(Quantile::P50).map(|_| QUANTILES.map(|q| clipped(q).unwrap_or(0))));
            for other in [1, 2500, 10_000].map(|q| Quantile::new(q).expect("in range")) {
                prop_assert_eq!(window.quantile(other), clipped(other));
            }
            Ok(())
        }
        beside::<_, _, 1>(&stream, || ExactQuantiles::<1, 3>::new(QUANTILES), |x| x, same)?;
        beside::<_, _, 20>(&stream, || ExactQuantiles::<20, 3>::new(QUANTILES), |x| x, same)?;
        beside::<_, _, 100>(&stream, || ExactQuantiles::<100, 3>::new(QUANTILES), |x| x, same)?;
    }

    #[test]
    fn exact_quantiles_of_other_keys_are_those_of_the_sorted_list(stream in streams()) {
        beside::<_, _, 50>(
            &stream,
            || ExactQuantiles::<50, 1, f32>::new([Quantile::P95]),
            |x| (x as f32 - 1000.0) / 3.0,
            |window, twin| {
                prop_assert_eq!(window.quantile(Quantile::P95), twin.quantile(Quantile::P95));
                Ok(())
            },
        )?;
        beside::<_, _, 50>(
            &stream,
            || ExactQuantiles::<50, 1, u16>::new([Quantile::P95]),
            |x| (x % 65_000) as u16,
            |window, twin| {
                prop_assert_eq!(window.quantile(Quantile::P95), twin.quantile(Quantile::P95));
                Ok(())
            },
        )?;
    }

    #[test]
    fn relative_quantiles_are_within_the_stated_share_of_the_sorted_list(stream in streams()) {
        fn same<const S: u32>(
            window: &RelativeQuantiles<60, 3, 32, S>, twin: &Twin<u64>,
        ) -> Result<(), TestCaseError> {
            prop_assert_eq!(window.quantiles().is_some(), !twin.values().is_empty());
            for quantile in QUANTILES.into_iter().chain([Quantile::P90]) {
                let (ours, exact) = (window.quantile(quantile), twin.quantile(quantile));
                prop_assert_eq!(ours.is_some(), exact.is_some());
                if let (Some(ours), Some(exact)) = (ours, exact) {
                    prop_assert!(ours.abs_diff(exact) * u64::from(2 * S + 1) <= exact, "{ours} for {exact}");
                }
            }
            Ok(())
        }
        beside::<_, _, 60>(&stream, || RelativeQuantiles::<60, 3, 32>::new(QUANTILES), u64::from, same)?;
        beside::<_, _, 60>(&stream, || RelativeQuantiles::<60, 3, 32, 16>::new(QUANTILES), u64::from, same)?;
    }

    #[test]
    fn averages_and_sums_are_those_of_the_list(stream in streams()) {
        fn convert(x: u32) -> Milli {
            // Up to the ends of 64 bits, with both signs.
            Milli((i64::from(x) - (1 << 20)) << (x % 31))
        }
        beside::<_, _, 40>(&stream, Average::<40>::new, convert, |window, twin| {
            let values: Vec<i128> = twin.values().iter().map(|(_, value)| i128::from(value.0)).collect();
            let sum: i128 = values.iter().sum();
            let enough = |value: i128| (!values.is_empty()).then(|| Milli(i64::try_from(value).expect("in range")));
            prop_assert_eq!(window.sum(), enough(sum.clamp(i64::MIN.into(), i64::MAX.into())));
            prop_assert_eq!(window.average(), enough(sum / values.len().max(1) as i128));
            Ok(())
        })?;
    }

    #[test]
    fn extremes_are_those_of_the_list(stream in streams()) {
        fn same<K: plimsoll_core::window::Key + PartialOrd + std::fmt::Debug>(
            window: &MinMax<40, K>, twin: &Twin<K>,
        ) -> Result<(), TestCaseError> {
            let values: Vec<K> = twin.values().into_iter().map(|(_, value)| value).collect();
            prop_assert_eq!(window.greatest(), values.iter().copied().reduce(|a, b| if b > a { b } else { a }));
            prop_assert_eq!(window.least(), values.iter().copied().reduce(|a, b| if b < a { b } else { a }));
            Ok(())
        }
        beside::<_, _, 40>(&stream, MinMax::<40>::new, |x| Milli(i64::from(x) - 1000), same)?;
        beside::<_, _, 40>(&stream, MinMax::<40, f32>::new, |x| x as f32 - 1000.0, same)?;
    }

    #[test]
    fn a_rate_is_the_growth_of_the_list_over_its_time(stream in streams()) {
        let mut window = Rate::<40>::new(SPAN).expect("a span");
        let mut twin = Twin::new(40, Some(SPAN));
        let (mut now, mut bytes) = (at(0), vec![0; Rate::<40>::saved_size()]);
        for (gap, measurement) in &stream {
            now = at(now.as_nanos() / 1_000_000_000 + gap);
            let measurement = measurement.map(u64::from);
            window.push(now, measurement);
            twin.push(now, measurement);
            for later in [now, now + Span::from_secs(7)] {
                window.at(later);
                twin.at(later);
                prop_assert_eq!(window.held(), twin.held());
                let values = twin.values();
                let growth: u64 =
                    values.windows(2).map(|pair| pair[1].1.checked_sub(pair[0].1).unwrap_or(pair[1].1)).sum();
                prop_assert_eq!(window.increase(), (values.len() > 1).then_some(growth));
                let rate = values.first().zip(values.last()).and_then(|(first, last)| {
                    let nanos = u128::from(last.0.since(first.0).as_nanos());
                    (u128::from(growth) * 1_000_000_000_000).checked_div(nanos)
                });
                prop_assert_eq!(window.per_second(), rate.map(|rate| Milli(i64::try_from(rate).expect("small"))));
                now = later;
            }
            let length = window.save(&mut bytes).expect("room");
            let restored = Rate::restore(&bytes[..length]);
            prop_assert_eq!(restored.as_ref(), Ok(&window));
            let restored = restored.expect("the same");
            window = read_back(&restored);
            prop_assert_eq!(&window, &restored);
        }
    }

    #[test]
    fn a_mean_forgets_as_the_sum_of_weights_does(stream in streams()) {
        let mut window = Ewma::new(SPAN).expect("a span");
        let (mut now, mut bytes) = (at(0), vec![0; Ewma::saved_size()]);
        // Each value with its weight; all weights fade with time.
        let mut weighted: Vec<(f64, f64)> = Vec::new();
        let mut last = None;
        for (gap, measurement) in &stream {
            now = at(now.as_nanos() / 1_000_000_000 + gap);
            window.push(now, measurement.map(f64::from));
            if let Measurement::Present(value) = *measurement {
                let fade = last.map_or(0.0, |last| (-(now.since(last).as_nanos() as f64) / 60e9).exp());
                weighted.iter_mut().for_each(|(weight, _)| *weight *= fade);
                weighted.push((1.0 - fade, f64::from(value)));
                last = Some(now);
            }
            last = last.map(|last| last.min(now));
            let mean: f64 = weighted.iter().map(|(weight, value)| weight * value).sum();
            match window.mean() {
                Some(ours) => prop_assert!((ours - mean).abs() <= 1e-9 * mean.max(1.0), "{ours} for {mean}"),
                None => prop_assert!(weighted.is_empty()),
            }
            let length = window.save(&mut bytes).expect("room");
            prop_assert_eq!(Ewma::restore(&bytes[..length]), Ok(window));
        }
    }

    #[test]
    fn garbage_is_never_a_window(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(ExactQuantiles::<9, 1>::restore(&bytes).is_err());
        prop_assert!(Timed::<Average<9>, 9>::restore(&bytes).is_err());
    }

    #[test]
    fn a_well_framed_body_of_garbage_is_survived(body in prop::collection::vec(any::<u8>(), 0..120), fill in 0u8..3) {
        fn go_on<W: Window>(body: &[u8], value: W::Value) {
            let mut bytes = vec![0; body.len() + 16];
            let mut to = plimsoll_core::snapshot::Writer::new(&mut bytes, W::KIND, 1);
            to.put(body);
            let length = to.finish().expect("room");
            if let Ok(mut window) = W::restore(&bytes[..length]) {
                window.push(Instant::MIN, Measurement::Present(value));
                window.held();
            }
        }
        // Small numbers, so that some are believed.
        let body: Vec<u8> = body.iter().map(|byte| if fill == 0 { *byte } else { byte & fill }).collect();
        go_on::<ExactQuantiles<9, 1>>(&body, 1);
        go_on::<RelativeQuantiles<9, 1, 1>>(&body, 1);
        go_on::<Average<9>>(&body, Milli(1));
        go_on::<MinMax<9>>(&body, Milli(1));
        go_on::<Rate<9>>(&body, 1);
        go_on::<Ewma>(&body, 1.0);
        go_on::<Timed<Average<9>, 9>>(&body, Milli(1));
    }
}

#[test]
fn every_cut_of_a_snapshot_and_every_other_kind_is_refused() {
    let mut window = Timed::<ExactQuantiles<4, 1>, 4>::new(ExactQuantiles::new([Quantile::P95]), SPAN).expect("a span");
    (0..9).for_each(|second| window.push(at(second), Measurement::Present(second as u32)));
    let mut bytes = vec![0; Timed::<ExactQuantiles<4, 1>, 4>::saved_size()];
    let length = window.save(&mut bytes).expect("room");
    assert_eq!(length, bytes.len(), "a full window needs the most bytes");
    for cut in 0..length {
        assert!(Timed::<ExactQuantiles<4, 1>, 4>::restore(&bytes[..cut]).is_err());
    }
    assert_eq!(ExactQuantiles::<4, 1>::restore(&bytes), Err(SnapshotError::OtherKind { found: 22 }));
    let other = Timed::<ExactQuantiles<4, 1, f32>, 4>::restore(&bytes);
    assert_eq!(other, Err(SnapshotError::BadValue { field: "type of the keys", found: 4 }));
    let small = Timed::<ExactQuantiles<3, 1>, 3>::restore(&bytes);
    assert_eq!(small, Err(SnapshotError::Capacity { needed: 4, room: 3 }));
    assert_eq!(
        Timed::<ExactQuantiles<4, 2>, 4>::restore(&bytes),
        Err(SnapshotError::BadValue { field: "quantiles", found: 1 })
    );
    assert_eq!(window.crowded_out(), 5);
    assert_eq!(Timed::<ExactQuantiles<9, 1>, 9>::restore(&bytes).map(|larger| larger.crowded_out()), Ok(5));
}

#[test]
fn a_small_snapshot_has_the_documented_bytes() {
    let mut window = ExactQuantiles::<4, 1>::new([Quantile::P95]);
    window.push(Instant::from_nanos(7), Measurement::Present(5));
    window.push(Instant::from_nanos(8), Measurement::Missing);
    let mut bytes = [0; 64];
    let length = window.save(&mut bytes).expect("room");
    let body = [4, 1, 0x1c, 0x25, 7, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 0, 5, 0, 0, 0x80, 0xfe, 0xff, 0xff, 0x7f];
    assert_eq!(&bytes[12..length - 4], body);
    assert_eq!(&bytes[4..8], [16, 0, 1, 0], "kind 16, version 1");
}

#[test]
fn too_few_values_are_no_answer() {
    let mut exact = ExactQuantiles::<8, 1>::new([Quantile::P95]).with_least(3);
    let mut relative = RelativeQuantiles::<8, 1>::new([Quantile::P95]).with_least(3);
    let mut average = Average::<8>::new().with_least(3);
    let mut extremes = MinMax::<8>::new().with_least(3);
    let mut rate = Rate::<8>::new(SPAN).expect("a span").with_least(3);
    for second in 0..3 {
        assert_eq!(
            (exact.quantiles(), relative.quantiles(), average.average(), average.sum(), extremes.greatest()),
            (None, None, None, None, None)
        );
        assert_eq!((extremes.least(), rate.increase(), rate.per_second()), (None, None, None));
        assert_eq!((exact.quantile(Quantile::P50), relative.quantile(Quantile::P50)), (None, None));
        for measurement in [Measurement::Missing, Measurement::Present(0)] {
            exact.push(at(second), measurement);
            relative.push(at(second), measurement.map(u64::from));
            average.push(at(second), measurement.map(|x| Milli(i64::from(x))));
            extremes.push(at(second), measurement.map(|x| Milli(i64::from(x))));
            rate.push(at(second), measurement.map(u64::from));
        }
    }
    assert_eq!((exact.quantiles(), relative.quantiles(), average.average()), (Some([0]), Some([0]), Some(Milli(0))));
    assert_eq!((extremes.greatest(), rate.per_second()), (Some(Milli(0)), Some(Milli(0))));
    let held = exact.held();
    assert_eq!((held.present, held.missing, held.age(at(10))), (3, 3, Some(Span::from_secs(8))));
}

#[test]
fn windows_have_the_documented_sizes() {
    assert_eq!(size_of::<ExactQuantiles<300, 1>>(), 1272);
    assert_eq!(size_of::<ExactQuantiles<300, 3>>(), 1384);
    assert_eq!(size_of::<ExactQuantiles<300, 1, u16>>(), 656);
    assert_eq!(size_of::<RelativeQuantiles<300, 1>>(), 2120);
    assert_eq!(size_of::<RelativeQuantiles<4096, 1>>(), 9712);
    assert_eq!(size_of::<Average<300>>(), 2432);
    assert_eq!(size_of::<MinMax<300>>(), 3664);
    assert_eq!(size_of::<Rate<300>>(), 4896);
    assert_eq!(size_of::<Ewma>(), 48);
    assert_eq!(size_of::<Timed<ExactQuantiles<300, 1>, 300>>() - size_of::<ExactQuantiles<300, 1>>(), 2440);
}

/// The p95 of a service whose requests take longer the more of them each replica gets, fed to an HPA that wants 200 ms.
#[test]
fn an_hpa_follows_p95_latency_and_holds_without_it() {
    let metrics = [Metric::external("p95-latency").value(Milli(200_000)).expect("a target")];
    let hpa = Hpa::new(Bounds::new(2, 40).expect("in order"), &metrics).expect("a policy");
    let mut history = History::<24, 24>::new(&hpa).expect("room");
    let window = ExactQuantiles::<300, 3>::new(QUANTILES).with_least(20);
    let mut latency = Timed::<_, 300>::new(window, SPAN).expect("a span");
    let (mut replicas, mut path) = (4, vec![4]);
    for second in 0..1800i64 {
        // 4 requests are sampled each second; the load is 300 at first, then 1,500. One in 20 takes three times as long.
        let load = if second < 600 { 300.0 } else { 1500.0 };
        for request in 0..4 {
            let seconds = 0.001 * load / f64::from(replicas) * if (second * 4 + request) % 20 == 0 { 3.0 } else { 1.0 };
            // From 900 s on the metrics pipeline is down for five minutes.
            let measured = if (900..1200).contains(&second) { None } else { Some(seconds) };
            latency.push(at(second), Measurement::from(measured).parts(1000));
        }
        if second % 15 != 14 {
            continue;
        }
        let reading = match latency.at(at(second)).quantile(Quantile::P95) {
            Some(millis) => Reading::Values(ValueSum::from_iter([Milli(i64::from(millis) * 1000)])),
            None => Reading::Failed(MetricError::Unavailable),
        };
        let decision = hpa.decide(
            &mut history,
            &Observation {
                now: at(second),
                scale: Some(Scale { wanted: Replicas(replicas), running: Replicas(replicas) }),
                pods: Some(PodCount { listed: replicas as u32, ready: replicas as u32 }),
                readings: &[reading],
                ..Observation::default()
            },
            &mut (),
        );
        if (960..1200).contains(&second) {
            assert!(matches!(reading, Reading::Failed(_)), "after a minute there are too few values at {second}");
            assert!(!decision.changes(), "and the scale holds");
            assert!(!matches!(decision.last_word, Step::Stabilized { .. }), "for want of a metric, not by a window");
        }
        if decision.changes() {
            hpa.applied(&mut history, &decision, Applied::Done(decision.to), &mut ());
            replicas = decision.to.0;
            path.push(replicas);
        }
    }
    assert!(path.iter().max() >= Some(&8) && path.len() > 2, "{path:?}");
    assert!(latency.at(at(1799)).quantile(Quantile::P95).is_some_and(|p95| p95 <= 220), "{path:?}");
    assert_eq!(latency.crowded_out(), 0);
}

/// What is read is what could have been written.
#[cfg(feature = "serde")]
#[test]
fn texts_that_no_window_wrote_are_refused() {
    fn refused<W: Written + std::fmt::Debug>(whole: &str, broken: &[(&str, &str, &str)]) {
        serde_json::from_str::<W>(whole).expect("the whole text");
        for (part, instead, says) in broken {
            let text = whole.replacen(part, instead, 1);
            assert_ne!(text, whole, "{part}");
            let error = serde_json::from_str::<W>(&text).expect_err(&text).to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
    let ring = r#"{"newest":5,"least":1,"measurements":[{"Present":7},"Missing","Stale"]}"#;
    let exact = format!(r#"{{"ring":{ring},"quantiles":[9500]}}"#);
    refused::<ExactQuantiles<3, 1>>(
        &exact,
        &[
            ("9500", "0", "quantile is 0"),
            ("9500", "9500,5000", "invalid length"),
            ("[9500]", "[]", "quantiles has room for 0"),
            ("\"Stale\"", "\"Stale\",\"Stale\"", "at most 3 measurements"),
            ("\"newest\":5", "\"newest\":null", "newest is the time of the newest value"),
            ("{\"Present\":7}", "\"Invalid\"", "newest is the time of the newest value"),
            ("{\"Present\":7}", "{\"Present\":-7}", "integer `-7`"),
            ("\"least\"", "\"last\"", "unknown field `last`"),
        ],
    );
    let relative = format!(r#"{{"ring":{ring},"buckets_per_octave":50,"quantiles":[9500]}}"#);
    refused::<RelativeQuantiles<3, 1, 1>>(
        &relative,
        &[(":50", ":49", "buckets_per_octave is 49"), ("{\"Present\":7}", "{\"Present\":64}", "bucket is 64")],
    );
    let times = [
        ("[1,2,5]", "[1,2]", "times has room for 2"),
        ("[1,2,5]", "[1,5,2]", "times is 2, must be at least 5"),
        ("\"span\":9", "\"span\":0", "span is 0"),
    ];
    let timed = format!(r#"{{"window":{exact},"times":[1,2,5],"span":9,"crowded_out":0}}"#);
    refused::<Timed<ExactQuantiles<3, 1>, 3>>(&timed, &times);
    refused::<Rate<3>>(&format!(r#"{{"ring":{ring},"times":[1,2,5],"span":9}}"#), &times);
    refused::<Ewma>(
        r#"{"tau":9,"mean":2.5,"held":{"present":1,"missing":0,"stale":0,"invalid":0,"newest":5}}"#,
        &[
            ("\"tau\":9", "\"tau\":0", "span is 0"),
            ("\"newest\":5", "\"newest\":null", "present is 1"),
            ("\"present\":1", "\"present\":0", "present is 0"),
            ("\"mean\"", "\"average\"", "unknown field `average`"),
        ],
    );
    refused::<SlotMaximum<2>>(
        r#"{"entries":[{"number":3,"value":9},{"number":5,"value":7}],"slots":4,"granularity":2000000000}"#,
        &[
            ("\"slots\":4", "\"slots\":0", "slots is 0"),
            ("\"number\":5", "\"number\":3", "number of a slot is 3"),
            ("\"value\":7", "\"value\":9", "number of a slot is 5"),
        ],
    );
}
