/* An attacker who wants to share hosts with others: what it achieved. */
#include "sim/parts/part.h"

static bool present(const vdc_simulation *sim) { return sim->scenario->attacker != NULL; }

static double share(int64_t part, int64_t whole) { return whole > 0 ? (double)part / (double)whole : 0; }

static void summary(vdc_simulation *sim, vdc_summary *s) {
    const vdc_attack_counts attack = vdc_isolation_attack_counts(sim->isolation);
    vdc_summary_integer(s, "attack_launches", attack.launches, "VMs that the attacker launched");
    vdc_summary_integer(s, "attack_launches_placed", attack.launches_placed, "of them, VMs that were placed");
    vdc_summary_integer(s, "attack_hits", attack.hits, "of them, VMs that shared a host with a target");
    vdc_summary_integer(s, "attack_targets", attack.targets, "VMs of the targets that were placed");
    vdc_summary_integer(s, "attack_targets_met", attack.targets_met, "of them, VMs that shared a host with the attacker");
    vdc_summary_integer(s, "attack_launches_to_first_hit", attack.launches_to_first_hit, "launches until the first hit, 0 = none");
    vdc_summary_real(s, "attack_efficiency", share(attack.hits, attack.launches), "1", "hits / launches");
    vdc_summary_real(s, "attack_coverage", share(attack.targets_met, attack.targets), "1", "targets met / targets");
    vdc_summary_real(s, "colocation_resistance", 1 - share(attack.others_met, attack.others), "1",
                     "share of the placed VMs of other tenants that never shared a host with the attacker");
}

const vdc_part vdc_part_attack = {.name = "attack", .present = present, .summary = summary};
