/** Which model each mask shows: the assignment with the least total loss of the fitted poses. */

/** `lossOf(mask, model)`: Infinity where the model does not fit at all. Gives per mask the index of its model, or -1. */
export function assignModels(
  numMasks: number,
  numModels: number,
  lossOf: (mask: number, model: number) => number,
): number[] {
  let best: { assigned: number[]; count: number; loss: number } = { assigned: [], count: -1, loss: 0 };
  const chosen: number[] = [];
  const visit = (count: number, loss: number): void => {
    const mask = chosen.length;
    if (mask === numMasks) {
      if (count > best.count || (count === best.count && loss < best.loss))
        best = { assigned: [...chosen], count, loss };
      return;
    }
    for (let model = -1; model < numModels; model++) {
      const added = model < 0 ? 0 : lossOf(mask, model);
      if (!Number.isFinite(added) || (model >= 0 && chosen.includes(model))) continue;
      chosen.push(model);
      visit(count + (model < 0 ? 0 : 1), loss + added);
      chosen.pop();
    }
  };
  visit(0, 0);
  return best.assigned;
}
