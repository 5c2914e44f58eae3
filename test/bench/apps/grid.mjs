// A grid of 5,000 rows with sorting, filters, a selection and cells that are edited.
import { AllCommunityModule, createGrid, ModuleRegistry } from 'ag-grid-community';

ModuleRegistry.registerModules([AllCommunityModule]);
const cities = ['Berlin', 'Lagos', 'Lima', 'Oslo', 'Osaka', 'Quito', 'Turin'];
const rowData = Array.from({ length: 5000 }, (_, i) => ({
  id: i + 1, name: `Customer ${(i * 7919) % 5003}`, city: cities[i % cities.length], orders: (i * 31) % 97, total: ((i * 104729) % 100003) / 100, active: i % 3 > 0,
}));
window.grid = createGrid(document.getElementById('app'), {
  rowData,
  defaultColDef: { sortable: true, filter: true, floatingFilter: true, editable: true },
  columnDefs: [
    { field: 'id', editable: false }, { field: 'name' }, { field: 'city' }, { field: 'orders', filter: 'agNumberColumnFilter' },
    { field: 'total', valueFormatter: ({ value }) => value.toFixed(2) }, { field: 'active' },
  ],
  rowSelection: { mode: 'multiRow' },
  getRowId: ({ data }) => String(data.id),
});
