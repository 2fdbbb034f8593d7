/* No live migration. */
#include "schedulers/policy_rows.h"

const vdc_policy vdc_rebalance_none = {
    VDC_POLICY_HEAD(VDC_REBALANCE, "none", "VMs stay where they were placed", "-"),
};
