// Once nothing moves any more, but for what moves for ever.
const moving = document.getAnimations().filter(({ effect }) => effect?.getTiming().iterations !== Infinity);
await Promise.allSettled(moving.map(animation => animation.finished));
