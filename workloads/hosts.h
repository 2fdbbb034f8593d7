/* Host lists: the machines of a public data set as plain descriptions, from which a datacenter is laid out.
 *
 *   hosts: {format: alibaba-openb, path: nodes.csv, tie_break: ranks.csv, max_vms: 1001}
 *
 * To add a format: a file with a `vdc_host_format` and a row in workloads/hosts.c.
 */
#ifndef VDC_WORKLOADS_HOSTS_H
#define VDC_WORKLOADS_HOSTS_H

#include "sim/base/digest.h"
#include "sim/base/memory.h"
#include "sim/base/status.h"
#include "workloads/table.h"

enum { VDC_HOST_RECORD_NODES = 8 };

/* One host of a list. */
typedef struct vdc_host_record {
    const char *name;         /* in the list's arena */
    int64_t cpu;              /* milli-CPU: 1000 a hardware thread */
    int64_t memory;           /* bytes */
    uint16_t gpus;            /* devices of 1000 milli-GPU */
    const char *gpu_model;    /* "" = none given */
    uint32_t rack;            /* from the racks file, else 0 */
    uint32_t rank;            /* tie-break rank, lower wins: from the tie_break file, else its place in the list */
    uint16_t numa_nodes;      /* 0 = the list does not say; else what each has (cpu and memory are the sums) */
    int64_t numa_cpu[VDC_HOST_RECORD_NODES], numa_memory[VDC_HOST_RECORD_NODES];
} vdc_host_record;

typedef struct vdc_host_list {
    vdc_host_record *hosts;   /* in the order of the file */
    size_t count, capacity;
    vdc_arena arena;
} vdc_host_list;

enum { VDC_HOST_COLUMNS = 8 };

/* A format of host lists: a CSV with a heading and a host a row. */
typedef struct vdc_host_format {
    const char *name;         /* in `hosts: {format: …}` */
    const char *summary;      /* one line */
    const char *columns[VDC_HOST_COLUMNS]; /* all must be there, in any order; up to the first NULL */
    /* Appends the row's host to the list; at[i] is the place of columns[i] in the table. */
    vdc_code (*row)(vdc_host_list *list, vdc_table *table, const int *at, vdc_diag *diag);
} vdc_host_format;

enum { VDC_HOST_FORMATS = 15 };  /* at most */
extern const vdc_host_format *const vdc_host_formats[]; /* NULL-terminated; workloads/hosts.c */
/* Their names, ended by NULL. */
void vdc_host_format_names(const char *names[VDC_HOST_FORMATS + 1]);
const vdc_host_format *vdc_host_format_find(const char *name);

/* Reads a list; `tie_break` (may be NULL) is a CSV of ranks, line i for host i, each rank once. Initialise the list with {0},
 * clear it also after an error. VDC_ERROR_INPUT with file and line for what is malformed; at least one host comes out. */
vdc_code vdc_host_list_read(vdc_host_list *list, const char *format, const char *path, const char *tie_break, vdc_inputs *inputs,
                            vdc_diag *diag);
/* Reads the racks of the hosts: a CSV with the columns host_id and rack_id, in any order; "host-7" is the host at place 7 of the list. Every host
 * must be in it, once; hosts beyond the list's end are left out, since one file may do for several lists. Racks are numbered below VDC_RACKS. */
enum { VDC_RACKS = 1000000 };
vdc_code vdc_host_list_racks(vdc_host_list *list, const char *path, vdc_inputs *inputs, vdc_diag *diag);
void vdc_host_list_clear(vdc_host_list *list);
/* For formats: a new zeroed host at the end, NULL when memory is out. */
vdc_host_record *vdc_host_list_add(vdc_host_list *list);

#endif
